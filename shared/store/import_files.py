"""The files of an import in S3: the upload, read window by window, and the results, written as they come."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from io import StringIO
from typing import Any

from botocore.exceptions import ClientError

from shared.domain.errors import InvalidError, NotFoundError
from shared.domain.imports import Import
from shared.outside import clients
from shared.outside.settings import setting

WINDOW = 1 << 20
LEAST_PART = 8 << 20
"""S3 takes no less than 5 MiB as a part that is not the last, and at most 10,000 parts."""

UPLOAD_SECONDS = 3600
RESULT_SECONDS = 3600

_MISSING = frozenset({"403", "404", "AccessDenied", "NoSuchKey"})
"""S3 tells who may not list a bucket that a missing file is forbidden."""

RESULT_COLUMNS = ("row", "email", "status", "survey", "reason")
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_TYPE = "text/csv; charset=utf-8"


def upload_key(one: Import) -> str:
    """Where the caller puts the file."""
    return f"uploads/{one.project}/{one.id}.csv"


def id_in(key: str) -> str:
    """The import whose upload stands under a key."""
    return key.rpartition("/")[2].removesuffix(".csv")


def result_key(one: Import) -> str:
    """Where the results are once the import has ended."""
    return f"results/{one.project}/{one.id}.csv"


def upload_url(one: Import) -> str:
    """An address to PUT the file to, good for an hour."""
    return _presigned("put_object", upload_key(one), UPLOAD_SECONDS)


def result_url(one: Import) -> str:
    """An address to get the results from, good for an hour."""
    return _presigned("get_object", result_key(one), RESULT_SECONDS)


def find_upload(one: Import) -> tuple[str, int]:
    """The tag and size in bytes of the uploaded file. Raises NotFoundError when there is none."""
    try:
        found = clients.s3().head_object(Bucket=_bucket(), Key=upload_key(one))
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            raise NotFoundError("there is no such file") from error
        raise
    return found["ETag"], found["ContentLength"]


def read_upload(one: Import, offset: int) -> Iterator[bytes]:
    """The file from a byte on, in pieces of a megabyte, each a call of its own: no connection waits for the rows.

    Raises InvalidError naming `file` when it is no longer the one that the import began with.
    """
    for start in range(offset, one.size, WINDOW):
        last = min(start + WINDOW, one.size) - 1
        try:
            answer = clients.s3().get_object(
                Bucket=_bucket(), Key=upload_key(one), Range=f"bytes={start}-{last}", IfMatch=one.etag
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in {"PreconditionFailed", "412", "InvalidRange"} | _MISSING:
                raise InvalidError({"file": ["was replaced while it was worked through"]}) from error
            raise
        yield answer["Body"].read()


def drop_files(one: Import) -> None:
    """Deletes the upload, and what the results were gathered in."""
    for key in (upload_key(one), _tail_key(one, "a"), _tail_key(one, "b")):
        clients.s3().delete_object(Bucket=_bucket(), Key=key)


class Results:
    """The result file in the making: full parts go to S3 as they fill, what is left over waits in a tail.

    The tail is written to the one of two places that the stored import does not name, so that a worker that dies
    before it has stored its progress leaves the tail of that progress as it was.
    """

    def __init__(self, one: Import) -> None:
        self._tail = _get(_tail_key(one, one.tail)) if one.tail else b"" if one.rows else _lines([RESULT_COLUMNS])

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Adds a line for each row."""
        self._tail += _lines([[row.get(name, "") for name in RESULT_COLUMNS] for row in rows])

    def store(self, one: Import) -> Import:
        """Brings everything to S3; the import that is to be stored next knows where it is."""
        if len(self._tail) >= LEAST_PART:
            if not one.upload:
                answer = clients.s3().create_multipart_upload(Bucket=_bucket(), Key=result_key(one), ContentType=_TYPE)
                one = replace(one, upload=answer["UploadId"])
            one = self._with_part(one)
            self._tail = b""
        place = "b" if one.tail == "a" else "a"
        clients.s3().put_object(Bucket=_bucket(), Key=_tail_key(one, place), Body=self._tail)
        return replace(one, tail=place)

    def finish(self, one: Import) -> None:
        """Makes the result file of all that was added; may be repeated."""
        if not one.upload:
            clients.s3().put_object(Bucket=_bucket(), Key=result_key(one), Body=self._tail, ContentType=_TYPE)
            return
        try:
            if self._tail:
                one = self._with_part(one)
            parts: Any = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(one.parts, start=1)]
            clients.s3().complete_multipart_upload(
                Bucket=_bucket(), Key=result_key(one), UploadId=one.upload, MultipartUpload={"Parts": parts}
            )
        except ClientError as error:
            # It was completed before, and only the answer was lost, or the worker: uploads live as long as their file.
            if error.response["Error"]["Code"] != "NoSuchUpload":
                raise

    def _with_part(self, one: Import) -> Import:
        answer = clients.s3().upload_part(
            Bucket=_bucket(),
            Key=result_key(one),
            UploadId=one.upload,
            PartNumber=len(one.parts) + 1,
            Body=self._tail,
        )
        return replace(one, parts=(*one.parts, answer["ETag"]))


def _lines(rows: Sequence[Sequence[Any]]) -> bytes:
    text = StringIO()
    csv.writer(text).writerows([[_cell(value) for value in row] for row in rows])
    return text.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_BEGINS_FORMULA) else value


def _get(key: str) -> bytes:
    body: bytes = clients.s3().get_object(Bucket=_bucket(), Key=key)["Body"].read()
    return body


def _tail_key(one: Import, place: str) -> str:
    return f"tails/{one.project}/{one.id}-{place}.csv"


def _presigned(operation: str, key: str, seconds: int) -> str:
    url: str = clients.s3().generate_presigned_url(
        operation, Params={"Bucket": _bucket(), "Key": key}, ExpiresIn=seconds
    )
    return url


def _bucket() -> str:
    return setting("TRANSFERS_BUCKET")
