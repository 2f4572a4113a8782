"""SIP over WebSocket (RFC 3261, RFC 7118), as much of it as a PBX needs towards its agents' phones."""
