"""What every test may rely on."""

from respx.mocks import HTTPCoreMocker

# The provider's SDK rides on httpx2, whose core respx does not know by itself.
HTTPCoreMocker.add_targets("httpcore2._async.connection_pool.AsyncConnectionPool")
