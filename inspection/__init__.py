"""公开前自检: a draft in, the finance bureau's inspection sheet out. Nothing is stored."""
