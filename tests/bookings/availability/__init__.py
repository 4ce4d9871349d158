"""Tests of the availability engine. No database, no clock."""
