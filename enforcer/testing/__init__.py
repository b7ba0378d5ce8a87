"""Turn strict mode on in test runs: the pytest plugin ``enforcer`` (``pytest --enforcer``)."""
