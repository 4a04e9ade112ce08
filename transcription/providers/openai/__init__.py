"""Any server that speaks OpenAI's shape: OpenAI, Groq, Speaches, whisper.cpp, faster-whisper."""
