"""Five questions that the dashboard's first page has to answer, with answers that are known.

``python -m tests.readability FOLDER`` writes three stores, and pictures of *To do* over each of
them at 1440 and 390 pixels. Whoever has only the pictures answers what is left, whether it goes
down, who must act first, what can go, and whether the data can be trusted; ``answers.json`` has
the answers, which follow from the histories in ``histories.py`` and from no code of the
dashboard.
"""
