"""Film -> messages: what is sent when, and what is sent again. Owns no socket.

::

    protocol       messages from pages as values, checked
    outgoing       messages to pages, as they are made
    encoders       pixels -> bytes
    inbox          messages from the browser, until they are looked at: bounded
    ledger         per tile: which version was sent, and in which message
    parcel         what goes into one message
    window         how many bytes may be on their way
    flow           clients, messages in flight, acknowledgements: how much may be sent now
    conversation   one turn: what is said now; no thread, and the clock is given
    pump           the thread that takes the turns
    source         what is needed of a render
"""
