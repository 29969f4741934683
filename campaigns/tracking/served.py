"""This file is the code of a logged surrogate: MLflow runs it to get the object that predicts."""

from eutectic.campaigns.tracking.mlflow_store import serve

serve()
