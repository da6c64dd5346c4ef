"""Calls to replicate.com by its own client, over a transport that is patient, can be cancelled, and fails in sentences.

The token is handed in, never read from the environment, and never appears in a message, a repr or a URL.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx

from riffusion_inference.datatypes import ShouldCancel, check_cancel
from riffusion_inference.errors import EngineError

if TYPE_CHECKING:
    from replicate.prediction import Prediction

DEFAULT_BASE_URL = "https://api.replicate.com"
MAX_DOWNLOAD_BYTES = 200_000_000
MAX_RETRY_AFTER_SECONDS = 60.0
"""A server that asks for a longer wait than this is treated as unavailable."""
REFUSALS = {
    401: "Replicate refused the token (401): check REPLICATE_API_TOKEN in .env.",
    402: "Replicate requires payment (402): add credit to the account, or choose an engine that runs here.",
}


class ReplicateApi:
    """The service, seen through its own client."""

    def __init__(
        self,
        token: str,
        *,
        base_url: str = DEFAULT_BASE_URL,
        timeout_seconds: float = 600.0,
        poll_seconds: float = 1.0,
        attempts: int = 5,
        first_wait_seconds: float = 1.0,
        read_timeout_seconds: float = 30.0,
    ) -> None:
        """Make a client; nothing is sent yet.

        Args:
            token: the account's API token.
            base_url: without /v1; another one is for proxies and tests.
            timeout_seconds: longest that one prediction may take, cold start included.
            poll_seconds: from one look at a prediction to the next.
            attempts: how often a request is tried in all.
            first_wait_seconds: before the second try; doubles each time, unless the server names a time.
            read_timeout_seconds: longest that one request may be silent.
        Raises:
            EngineError: no token, or the client is not installed.
        """
        if not token.strip():
            raise EngineError(
                "Replicate needs a token: put REPLICATE_API_TOKEN=... into .env, or choose an engine that runs here."
            )
        try:
            from replicate.client import Client
        except ImportError as error:
            raise EngineError(
                'Replicate needs its client: run pip install ".[replicate]" (or -r requirements-replicate.txt) in the '
                "project's folder, or choose an engine that runs here."
            ) from error
        self._base_url = base_url.rstrip("/")
        self._timeout_seconds, self._poll_seconds = timeout_seconds, poll_seconds
        timeout = httpx.Timeout(read_timeout_seconds, connect=min(10.0, read_timeout_seconds))
        self._transport = _Transport(token.strip(), httpx.URL(self._base_url), timeout, attempts, first_wait_seconds)
        self._client = Client(token.strip(), base_url=self._base_url, transport=self._transport, follow_redirects=True)

    def run(self, model: str, inputs: dict[str, Any], *, should_cancel: ShouldCancel | None = None) -> Any:
        """Run the latest version of a model and wait for its output, whose type depends on the model.

        Args:
            model: "owner/name".
            inputs: as the model's page names them.
            should_cancel: asked several times a second; True cancels the prediction on the server too.
        Raises:
            EngineError: the service refused, failed, or took too long; one sentence that says which.
            GenerationCancelled: should_cancel returned True.
        """
        self._transport.should_cancel = should_cancel
        try:
            prediction = self._finished(model, inputs)
        except (ValueError, TypeError, KeyError) as error:  # JSON and pydantic errors are ValueErrors
            raise EngineError(
                "Replicate's reply could not be understood: check REPLICATE_BASE_URL, or choose another engine."
            ) from error
        if prediction.status != "succeeded":
            reason = self._transport.one_line(prediction.error) or "no reason given"
            raise EngineError(f"Replicate's {model} {prediction.status}: {reason}")
        return prediction.output

    def download(self, url: str, *, should_cancel: ShouldCancel | None = None) -> bytes:
        """Fetch an output file, again from the start when the connection drops.

        Raises:
            EngineError: the address is not one to download from, or the download failed.
            GenerationCancelled: should_cancel returned True.
        """
        from replicate.helpers import FileOutput

        self._transport.should_cancel = should_cancel
        if not url.startswith(("https:", "data:", f"{self._base_url}/")):
            raise EngineError(
                "Replicate's answer contains no address to download from: try again, or choose another engine."
            )
        return FileOutput(url, self._client).read()

    def close(self) -> None:
        """End the connections."""
        self._transport.close()

    def _finished(self, model: str, inputs: dict[str, Any]) -> Prediction:
        """Start a prediction and wait for its end, whatever that is."""
        version = self._client.models.get(model).latest_version
        if version is None:
            raise EngineError(f"Replicate has no version of {model} to run: choose another engine.")
        prediction = self._client.predictions.create(version=version, input=inputs)
        deadline = time.monotonic() + self._timeout_seconds
        try:
            while prediction.status in ("starting", "processing"):
                if time.monotonic() > deadline:
                    raise EngineError(
                        f"Replicate did not finish {model} within {self._timeout_seconds:g} s: try again later, or "
                        "choose an engine that runs here."
                    )
                self._transport.wait(self._poll_seconds)
                prediction.reload()
        except BaseException:
            # Stop paying; a failure here must not hide why we stop.
            self._transport.should_cancel = None
            with suppress(EngineError, ValueError, TypeError, KeyError):
                prediction.cancel()
            raise
        return prediction


class _Transport(httpx.HTTPTransport):
    """Sends requests, repeats those that may be repeated, and turns what stays wrong into sentences."""

    def __init__(
        self, token: str, home: httpx.URL, timeout: httpx.Timeout, attempts: int, first_wait_seconds: float
    ) -> None:
        super().__init__()
        self.should_cancel: ShouldCancel | None = None
        self._token, self._home, self._timeout = token, home, timeout.as_dict()
        self._attempts, self._first_wait_seconds = attempts, first_wait_seconds

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer with a complete, successful response or raise EngineError."""
        if request.url.netloc != self._home.netloc:
            request.headers.pop("Authorization", None)  # Output files may be on any host; the token is for one.
        # The client switches time-outs off for some requests; a silent server must never block a run for ever.
        request.extensions = {**request.extensions, "timeout": self._timeout}
        # A request that may have started a paid prediction is repeated only if it certainly has not.
        repeatable = request.method in ("GET", "HEAD")
        for attempt in range(1, self._attempts + 1):
            check_cancel(self.should_cancel)
            wait, again = self._first_wait_seconds * 2 ** (attempt - 1), repeatable
            try:
                response = self._complete(request)
            except httpx.ConnectError:
                problem, again = "Replicate could not be reached: check the network", True
            except httpx.TimeoutException:
                problem = "Replicate did not answer in time"
            except httpx.HTTPError:
                problem = "The connection to Replicate broke off"
            else:
                status, retry_after = response.status_code, response.headers.get("Retry-After", "").strip()
                if status < 400:
                    return response
                if status < 500 and status != 429:
                    raise EngineError(self._refusal(response))
                problem = f"Replicate's service failed ({status})"
                if status == 429:
                    problem, again = "Replicate received too many requests (429)", True
                wait = float(retry_after) if retry_after.isdigit() else wait
            if not again or wait > MAX_RETRY_AFTER_SECONDS or attempt == self._attempts:
                break
            self.wait(wait)
        tries = f" (tried {attempt} times)" if attempt > 1 else ""
        raise EngineError(f"{problem}{tries}; try again later, or choose an engine that runs here.")

    def wait(self, seconds: float) -> None:
        """Sleep, asking several times a second whether to stop."""
        until = time.monotonic() + seconds
        check_cancel(self.should_cancel)
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(0.1, left))
            check_cancel(self.should_cancel)

    def one_line(self, text: object) -> str:
        """What a server says on one line, 200 characters at most, without the token, should it ever send it back."""
        return " ".join(str(text or "").split()).replace(self._token, "(token)")[:200]

    def _complete(self, request: httpx.Request) -> httpx.Response:
        """One try, with the whole body read, so that a dropped connection shows here."""
        response = super().handle_request(request)
        try:
            body = bytearray()
            for chunk in response.iter_raw():
                if request.method != "POST":  # The answer to a POST names the prediction, which must be cancelled then.
                    check_cancel(self.should_cancel)
                body += chunk
                if len(body) > MAX_DOWNLOAD_BYTES:
                    raise EngineError(
                        f"Replicate sent more than {MAX_DOWNLOAD_BYTES // 1_000_000} MB, too much for music: try "
                        "again, or choose another engine."
                    )
        finally:
            response.close()
        return httpx.Response(response.status_code, headers=response.headers, content=bytes(body), request=request)

    def _refusal(self, response: httpx.Response) -> str:
        """The sentence for a request that will not succeed by trying again."""
        detail = ""
        with suppress(ValueError, AttributeError):
            detail = self.one_line(response.json().get("detail")).rstrip(".")
        refused = f"Replicate refused the request ({response.status_code}): {detail or 'it gave no reason'}."
        return REFUSALS.get(response.status_code, refused)
