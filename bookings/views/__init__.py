"""What clients see. A view reads the clock, validates a form and makes one call into the domain."""
