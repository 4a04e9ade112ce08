"""Your own key: users' keys of the provider, stored sealed, and the calls that they pay for."""
