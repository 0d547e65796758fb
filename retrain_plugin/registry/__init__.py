"""All of MLflow: runs, versions, the champion as of a time, promotion. The only source of truth."""
