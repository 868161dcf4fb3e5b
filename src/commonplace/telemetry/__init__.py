"""What OpenTelemetry is told: spans, links and metrics, wherever the application uses it."""
