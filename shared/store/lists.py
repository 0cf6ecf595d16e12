"""Lists of records by time: month buckets read one after the other."""

from collections.abc import Iterator
from itertools import batched

from shared.store import keys
from shared.store.attributes import Item, unpack
from shared.store.records import Record, load_many
from shared.store.table import records

_LAST_ID = "~"
_PAGE = 100


def by_time[R: Record](
    cls: type[R],
    kind: str,
    project: str,
    *,
    since: int,
    until: int,
    newest_first: bool = False,
    after: str = "",
    page_size: int = 0,
) -> Iterator[R]:
    """A project's records made from `since` to `until` (Unix seconds, both included), in order of time.

    `after` is the `position` of the last record of an earlier page.
    """
    low, high = keys.moment(since), keys.moment(until, _LAST_ID)
    if after:
        low, high = (low, after) if newest_first else (after, high)
    if low > high:
        return
    months = list(keys.months(int(low[:10]), int(high[:10])))
    for month in reversed(months) if newest_first else months:
        for item in records().query(
            keys.list_partition(kind, project, month),
            index=keys.BY_PROJECT,
            attribute_names=("list_pk", "list_sk"),
            low=low,
            high=high,
            newest_first=newest_first,
            page_size=page_size,
        ):
            if item["list_sk"] != after:
                yield unpack(cls, item)


def by_update[R: Record](
    cls: type[R], kind: str, project: str, *, since: int, until: int, newest_first: bool = False
) -> Iterator[R]:
    """A project's records updated from `since` to `until`, in the order of their updates."""
    if since > until:
        return
    months = list(keys.months(since, until))
    for month in reversed(months) if newest_first else months:
        found = records().query(
            keys.list_partition(kind, project, month),
            index=keys.BY_UPDATED,
            attribute_names=("updated_pk", "updated_sk"),
            low=keys.moment(since),
            high=keys.moment(until, _LAST_ID),
            newest_first=newest_first,
        )
        for group in batched(found, _PAGE, strict=False):
            yield from load_many(cls, [item["updated_sk"].partition("#")[2] for item in group])


def of_account(project: str, account_id: str, kind: str) -> list[str]:
    """The ids of an account's records of one kind."""
    partition = keys.of_account(project, account_id, kind, "")
    found = records().query(
        partition["account_pk"],
        index=keys.BY_ACCOUNT,
        attribute_names=("account_pk", "account_sk"),
        prefix=partition["account_sk"],
    )
    return [_id_in(item) for item in found]


def _id_in(item: Item) -> str:
    name: str = item["account_sk"]
    return name.partition("#")[2]
