"""The words of the design as frozen values; nothing but the standard library."""
