"""FCC's users as the integration sees them: who may work here, and what an agent lacks for dialling."""
