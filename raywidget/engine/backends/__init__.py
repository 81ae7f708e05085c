"""Where samples are taken, if not in this process: other processes and other machines.

No scheduler and no protocol of our own: whoever has a `concurrent.futures.Executor` or a Dask
`Client` hands it over. `parcel` makes arrays and a plain description of what a render needs,
`orders` says what is asked for and answered, `worker` is what runs elsewhere, `pools` knows the
kinds of executors, and `remote` sends, receives, and copes with those that die, hang or refuse.
Nothing here knows of sessions: `session.dispatch` cuts work up and adds up what comes back.
"""
