"""Sources that are elsewhere: streamed to a cache on disk that all repositories of a user share."""
