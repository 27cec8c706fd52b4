"""The desk's pages: what people do in a browser, on the operations of the API, with or without JavaScript."""
