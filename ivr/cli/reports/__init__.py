"""What commands print: rota, notices, a case."""
