"""Small doubles: each implements the public interface that it stands in for."""
