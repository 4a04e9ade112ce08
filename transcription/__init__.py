"""The domain that both services share."""
