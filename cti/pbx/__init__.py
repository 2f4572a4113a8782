"""FCC, the telephone exchange: the port, its external-api adapter, the webhooks it sends and the call list we poll."""
