"""The pytest plugin ``enforcer``: strict mode in test runs (``pytest --enforcer``)."""
