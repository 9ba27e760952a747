"""Where cases live: our own tables, an HTTP contract, Salesforce."""
