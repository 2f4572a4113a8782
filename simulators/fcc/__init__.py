"""A simulator of an FCC tenant: external-api, webhooks, SIP over WebSocket with audio, and its customers."""
