"""HTTP messages: requests, responses, bodies, routes, problem details."""
