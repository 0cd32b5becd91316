"""Push of changes to browsers: a small asynchronous process between Redis and one stream a browser, and passes to it."""
