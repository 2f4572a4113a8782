"""Tables, repositories and transactions; the only room that knows SQLAlchemy."""
