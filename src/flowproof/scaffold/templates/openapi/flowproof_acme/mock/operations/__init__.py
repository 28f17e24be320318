"""One module for each operation that has rules of its own: `OPERATION`, the operationId, and `answer`, its view."""
