"""The site: pages from docs, docstrings and notebooks, built by ``python -m docs.site``.

`sources` lays out what Sphinx reads, of which `reference` and `tutorials` make a part; `groups`
says which name stands where, `behind` what is behind it; `sweeps` renders the pictures of
parameters, and `blocks` finds the code that tests run. `conf` and `mathml` are for Sphinx.
"""
