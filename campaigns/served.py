"""This file is the code of a logged surrogate: MLflow runs it to get the object that predicts."""

from campaigns.tracking import serve

serve()
