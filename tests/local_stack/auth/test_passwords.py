"""What becomes of a password."""

from local_stack.auth.passwords import Passwords


async def test_a_password_is_kept_at_the_cost_that_owasp_recommends() -> None:
    """A stack hashes with argon2id, 19 MiB and two passes, and knows the password again."""
    passwords = Passwords()
    kept = await passwords.hashed("correct horse")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.matches("correct horse", kept)
    assert not await passwords.matches("another", kept)
    assert not await passwords.matches("correct horse", None)
