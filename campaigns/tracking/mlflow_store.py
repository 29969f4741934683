"""This file is MLflow, and the only one that imports it: a store to write to, a logged surrogate, and its UI."""

import json
import logging
import os
import re
import socket
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from eutectic.campaigns.analysis.labels import legal
from eutectic.campaigns.file.secrets import masked
from eutectic.campaigns.record.facts import installed
from eutectic.campaigns.tracking.position import Positions, address
from eutectic.campaigns.tracking.projection import Measurement
from eutectic.campaigns.tracking.surrogate_file import restore

if TYPE_CHECKING:
    import pandas as pd


QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""MLflow's environment unless the user has set it: no word goes elsewhere, a server that is away is soon given up, and
nothing is printed where results are."""
STATUSES = {"running": "RUNNING", "done": "FINISHED", "failed": "FAILED", "stopped": "KILLED"}
"""A campaign's state -> a run's status."""
KEY, PART = "eutectic.campaign", "eutectic.part"
"""Tags by which a campaign's runs are found again: which campaign, and `campaign`, `round 3` or `evaluation 17`."""
PROPERTY, MARK = "eutectic.property", "eutectic.fingerprint"
"""Tags of a logged surrogate: what it predicts, and the data it learned from."""
CHAMPION = "champion"
"""Alias of a registered surrogate's newest version."""
TYPES = {"categorical": "string", "integer": "long"}
"""Kind of a variable -> its type in a model's signature; the others are doubles."""
NEEDED = ("eutectic", "mlflow", "numpy", "pandas", "torch", "gpytorch", "botorch")
"""Distributions a logged surrogate needs where it is loaded."""


def _library() -> Any:
    """MLflow, imported at first use (about 3 s), told to be quiet."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import mlflow

    for name in ("mlflow", "alembic", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=UserWarning, module=r"mlflow\.")  # of type hints in its own models
    return mlflow


def store_errors() -> tuple[type[Exception], ...]:
    """What a store raises when it is away, full or refuses, or lacks its database's driver."""
    _library()
    from mlflow.exceptions import MlflowException

    return MlflowException, OSError, ModuleNotFoundError


class Store:
    """One experiment of one tracking store; every method may raise what MLflow raises when it is away."""

    def __init__(self, uri: str, experiment: str) -> None:
        mlflow = _library()
        self._strays = _strays(uri)
        self.uri, self._client = uri, mlflow.MlflowClient(uri, registry_uri=uri)
        found = self._client.get_experiment_by_name(experiment)
        self.experiment: str = found.experiment_id if found else self._new_experiment(experiment)
        self._tidy()

    def _tidy(self) -> None:
        """Remove the folders that opening the store, or its registry later, has made beside it; others keep theirs."""
        for folder in self._strays:
            with suppress(OSError):
                folder.rmdir()

    def _new_experiment(self, name: str) -> str:
        """Make the experiment, one of models and not of language models, artifacts beside a local database."""
        tags = {"mlflow.experimentKind": "custom_model_development"}
        return str(self._client.create_experiment(name, _artifacts_beside(self.uri, name), tags))

    def runs(self, key: str) -> dict[str, str]:
        """Part -> run id of every run of a campaign."""
        found: dict[str, str] = {}
        token: str | None = None
        while True:
            page = self._client.search_runs([self.experiment], f"tags.`{KEY}` = '{key}'", page_token=token)
            found |= {run.data.tags[PART]: run.info.run_id for run in page if PART in run.data.tags}
            token = page.token
            if not token:
                return found

    def holds(self, run: str) -> bool:
        """Is there such a run, and not deleted?"""
        from mlflow.exceptions import MlflowException

        try:
            return bool(self._client.get_run(run).info.lifecycle_stage == "active")
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return False
            raise

    def begin(self, key: str, part: str, title: str, start_ms: int, parent: str = "") -> str:
        """Make a run; its id."""
        tags = {KEY: key, PART: part} | ({"mlflow.parentRunId": parent} if parent else {})
        run = self._client.create_run(self.experiment, start_time=start_ms, tags=tags, run_name=legal(title))
        return str(run.info.run_id)

    def log(
        self,
        run: str,
        metrics: Sequence[Measurement] = (),
        parameters: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Log metrics, parameters and tags, in as few requests as the limits allow."""
        from mlflow.entities import Metric, Param, RunTag

        for some in _chunks(metrics, 1000):
            self._client.log_batch(run, metrics=[Metric(m.key, m.value, m.at_ms, m.step) for m in some])
        for pairs in _chunks((parameters or {}).items(), 100):
            self._client.log_batch(run, params=[Param(k, v) for k, v in pairs])
        for pairs in _chunks((tags or {}).items(), 100):
            self._client.log_batch(run, tags=[RunTag(k, v) for k, v in pairs])

    def end(self, run: str, state: str, end_ms: int) -> None:
        """Give the run its status; `running` opens it again."""
        if state == "running":
            self._client.update_run(run, status="RUNNING")
        else:
            self._client.set_terminated(run, STATUSES[state], end_time=end_ms)

    def text(self, run: str, text: str, file: str) -> None:
        """Write a small text file among the run's artifacts."""
        self._client.log_text(run, text, file)

    def table(self, run: str, content: Mapping[str, object], file: str) -> None:
        """Write a table that the UI can show; an earlier one is replaced."""
        self._client.log_dict(run, dict(content), file)

    def name_tables(self, run: str, files: Iterable[str]) -> None:
        """Tell the UI which artifacts are tables."""
        named = json.dumps([{"path": file, "type": "table"} for file in files])
        self._client.set_tag(run, "mlflow.loggedArtifacts", named)

    def file(self, run: str, path: Path, folder: str = "") -> None:
        """Copy a file among the run's artifacts."""
        self._client.log_artifact(run, str(path), folder or None)

    def model(self, run: str, name: str, content: Mapping[str, Any], mark: str, step: int) -> None:
        """Log a surrogate as a model of the run, registered as `name.property` with the alias `champion`."""
        from mlflow.entities import LoggedModelOutput

        title, tags = re.sub(r"[^\w-]", "_", content["property"]), {PROPERTY: content["property"], MARK: mark}
        logged = self._client.create_logged_model(self.experiment, title, run, tags, model_type="surrogate")
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "model"
            save_model(content, folder, logged.model_id, run)
            self._client.log_model_artifacts(logged.model_id, str(folder))
        self._client.log_outputs(run, [LoggedModelOutput(logged.model_id, step)])
        title = re.sub(r"[/:\s]", "_", f"{name}.{content['property']}")
        self._register(title, logged.artifact_location, logged.model_id, run)
        self._client.finalize_logged_model(logged.model_id, "READY")

    def _register(self, name: str, source: str, model: str, run: str) -> None:
        """A new version of the registered model, in stores that have a registry.

        source: where the model's files are; a database would look a `models:/` address up in MLflow's default store.
        """
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code in ("FEATURE_DISABLED", "NOT_IMPLEMENTED", "ENDPOINT_NOT_FOUND"):
                return
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        version = self._client.create_model_version(name, source, run, model_id=model)
        self._client.set_registered_model_alias(name, CHAMPION, version.version)
        self._tidy()

    def models(self, run: str) -> dict[str, str]:
        """Property -> mark of the data learned from, of the models a run has logged whole."""
        found = self._client.search_logged_models([self.experiment], f"source_run_id = '{run}'")
        return {m.tags[PROPERTY]: m.tags[MARK] for m in found if str(m.status) == "READY" and MARK in m.tags}


def _chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    remaining = iter(items)
    while some := list(islice(remaining, size)):
        yield some


def _strays(uri: str) -> list[Path]:
    """Folders, deepest first, that MLflow makes beside a database whose address is percent-encoded, and nobody uses.

    It makes the database's folder as the address spells it (`mlflow.store.db.utils._make_parent_dirs_if_sqlite`).
    """
    spelt = uri.removeprefix("sqlite:///")
    if spelt == uri or unquote(spelt) == spelt:
        return []
    return [folder for folder in Path(spelt).parents if not folder.exists()]


def _artifacts_beside(uri: str, experiment: str) -> str | None:
    """Where a database on this disk keeps artifacts: beside itself; None: the store decides."""
    if not uri.startswith("sqlite:///"):
        return None
    return (
        Path(unquote(uri.removeprefix("sqlite:///"))).parent / "mlartifacts" / re.sub(r"[^\w.-]", "_", experiment)
    ).as_uri()


def save_model(content: Mapping[str, Any], folder: Path, model: str = "", run: str = "") -> None:
    """Write a surrogate as an MLflow pyfunc model: code that names it and the JSON it is rebuilt from, no pickle."""
    mlflow = _library()
    from mlflow.models import Model

    data = folder.parent / "surrogate.json"
    data.write_text(json.dumps(content, allow_nan=False), encoding="utf-8")
    mlflow.pyfunc.save_model(
        str(folder),
        python_model=str(Path(__file__).with_name("served.py")),
        artifacts={"surrogate": str(data)},
        signature=_signature(content),
        input_example=_example(content),
        pip_requirements=[f"{package}=={own}" if (own := installed(package)) else package for package in NEEDED],
        mlflow_model=Model(model_id=model or None, run_id=run or None),
    )


def _signature(content: Mapping[str, Any]) -> Any:
    """Variables in, mean and standard deviation of the property out; as TYPES has it."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    kinds = zip(content["names"], content["kinds"], strict=True)
    inputs = [ColSpec(TYPES.get(kind, "double"), name) for name, kind in kinds]
    name = content["property"]
    return ModelSignature(Schema(inputs), Schema([ColSpec("double", name), ColSpec("double", f"{name}_std")]))


def _example(content: Mapping[str, Any]) -> "pd.DataFrame":
    """Up to three of the rows the surrogate learned from, as its input looks."""
    import pandas as pd

    columns = zip(content["names"], content["kinds"], zip(*content["X"][:3], strict=True), strict=True)
    labels = content["categories"]
    return pd.DataFrame({name: [_shown(v, kind, labels.get(name)) for v in values] for name, kind, values in columns})


def _shown(value: float, kind: str, labels: Sequence[str] | None) -> float | int | str:
    """A coordinate as a user writes it."""
    if labels is not None:
        return labels[int(value)]
    return int(value) if kind == "integer" else value


def serve() -> None:
    """Give MLflow the object that answers for a logged surrogate; `served.py`, the logged code, calls it."""
    mlflow = _library()

    class Served(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined]
        """MLflow's form of a surrogate that was kept as JSON."""

        _skip_type_hint_validation = True  # the signature says what goes in; without this MLflow warns of missing hints

        def load_context(self, context: Any) -> None:
            self._surrogate = restore(context.artifacts["surrogate"])

        def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
            del context, params
            return self._surrogate.predict(model_input)

    mlflow.models.set_model(Served())


def ui_command(folder: Path | None, port: int | None = None) -> tuple[str, list[str]]:
    """The right MLflow UI's page and the command line that opens it: a server on this machine only, or a browser.

    With a campaign's folder the page is that of its run. ValueError where the port is taken; without one the first free
    port from 5000 on is used.
    """
    uri = address(folder)
    place = _page(uri, folder) if folder else ""
    if uri.startswith(("http://", "https://")):
        return uri + place, [sys.executable, "-m", "webbrowser", uri + place]
    if port is not None and _free_port(port, 1) is None:
        raise ValueError(f"port {port} is taken; leave --port out, and a free one is found")
    port = port or _free_port(5000, 100) or 5000
    quiet = [f"{name}={QUIET[name]}" for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK")]
    quiet.append("MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false")  # ten processes for language models
    listen = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    serve = ["-m", "mlflow", "ui", "--backend-store-uri", uri, *listen]
    return f"http://127.0.0.1:{port}{place}", ["env", *quiet, sys.executable, *serve]


def _page(uri: str, folder: Path) -> str:
    """Where the UI shows the campaign's own run, "" where nothing is logged yet or the store is away."""
    position = Positions.read(folder).stores.get(masked(uri))
    if position is None or not position.run:
        return ""
    try:
        experiment = _library().MlflowClient(uri).get_run(position.run).info.experiment_id
    except store_errors():
        return ""
    return f"/#/experiments/{experiment}/runs/{position.run}"


def _free_port(first: int, many: int) -> int | None:
    """The first of so many ports from `first` on that nothing on this machine listens on; None: all are taken."""
    for port in range(first, first + many):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    return None
