"""The company's figures, each with one formula in one place: what a question, a digest and a picture all show."""
