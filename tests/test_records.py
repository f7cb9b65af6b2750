"""Records behave as the frozen dataclasses of the standard library."""

import copy
import dataclasses
import inspect
import pickle
from dataclasses import InitVar, field
from typing import Any, ClassVar

import pytest

from audio_pipeline import records


def _made(decorate: Any, name: str) -> Any:
    @decorate(frozen=True)
    class Made:
        """A record."""

        kinds: ClassVar[int] = 2
        first: int
        second: float = 0.5
        notes: list[str] = field(default_factory=list)
        hidden: int = field(default=1, compare=False, repr=False)

        def __post_init__(self) -> None:
            if self.first < 0:
                raise ValueError("negative")

    Made.__name__ = Made.__qualname__ = name
    return Made


Ours, Theirs = _made(records.dataclass, "Ours"), _made(dataclasses.dataclass, "Theirs")


@records.dataclass(frozen=True)
class Derived(Ours):  # type: ignore[misc]
    """A record with one more field."""

    third: str = "c"


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((1,), {}),
        ((1, 2.0), {"hidden": 5}),
        ((1, 2.0, ["a"], 3), {}),
        ((), {"second": 1.0, "first": 2}),
    ],
)
def test_equal_calls_make_equal_values(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    ours, theirs = Ours(*args, **kwargs), Theirs(*args, **kwargs)
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert ours == Ours(*args, **kwargs)
    assert ours != dataclasses.replace(ours, first=99)
    assert pickle.loads(pickle.dumps(ours)) == copy.deepcopy(ours) == ours


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((), {}),
        ((1,), {"first": 1}),
        ((1,), {"unknown": 1}),
        ((1, 2, [], 4, 5), {}),
        ((), {"second": 1}),
    ],
)
def test_a_wrong_call_is_refused_as_by_the_standard_library(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    for made in (Ours, Theirs):
        with pytest.raises(TypeError, match="__init__"):
            made(*args, **kwargs)


def test_values_cannot_change() -> None:
    ours = Ours(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        ours.first = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        del ours.first
    with pytest.raises(ValueError, match="negative"):
        Ours(-1)


def test_default_lists_are_not_shared() -> None:
    assert Ours(1).notes is not Ours(1).notes


def test_the_hash_follows_the_compared_fields() -> None:
    @records.dataclass(frozen=True)
    class Point:
        x: int
        y: int = field(default=0, compare=False)

    assert hash(Point(1, 2)) == hash(Point(1, 3))
    assert Point(1, 2) == Point(1, 3)
    assert Point(1) != Derived(1)
    assert len({Point(1), Point(1), Point(2)}) == 2


def test_without_eq_a_record_equals_itself_alone() -> None:
    @records.dataclass(frozen=True, eq=False)
    class Block:
        samples: list[float]

    block = Block([0.0])
    assert block == block
    assert block != Block([0.0])
    assert len({block, Block([0.0])}) == 2


def test_fields_of_a_base_come_first() -> None:
    assert [f.name for f in dataclasses.fields(Derived)] == [
        "first",
        "second",
        "notes",
        "hidden",
        "third",
    ]
    assert Derived(1, 2.0, [], 1, "d").third == "d"
    assert Derived(1) != Ours(1)


def test_methods_of_the_class_are_kept() -> None:
    @records.dataclass(frozen=True)
    class Named:
        name: str

        def __repr__(self) -> str:
            return self.name

    assert repr(Named("a")) == "a"


def test_the_signature_is_that_of_the_standard_library() -> None:
    assert inspect.signature(Ours) == inspect.signature(Theirs)


def test_other_classes_are_those_of_the_standard_library() -> None:
    @records.dataclass
    class Changing:
        x: int = 1

    changing = Changing()
    changing.x = 2
    assert changing == Changing(2)


def test_fields_that_are_no_stored_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="Secret"):

        @records.dataclass(frozen=True)
        class Secret:
            x: InitVar[int]

    with pytest.raises(TypeError, match="Later"):

        @records.dataclass(frozen=True)
        class Later:
            x: int = field(init=False, default=1)
