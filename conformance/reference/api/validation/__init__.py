"""Request validation with the refusals of api.openai.com."""
