"""Free text to findings: pure, offline, deterministic, explainable, with its lexicons as data.

Text only opens doors (specification 6.1): it may open a symptom, raise a level or fill an answer that the
patient then confirms; it never closes, lowers or grades by itself. Enter by `understander.Understander`.
"""
