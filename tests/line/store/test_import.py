"""People, rota and cases from CSV files: all of them, or none with every fault named."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flows.escalation import SAMPLE
from ivr.cli.main import main
from ivr.line.errors import DataError
from ivr.line.store.imports.csv import COLUMNS
from ivr.line.store.store import Store
from tests.kit.calls import call

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)

PEOPLE = "id,name,phone,roles\n"
CASES = "number,owner\n"


@pytest.fixture
def store(tmp_path: Path, empty_file: Path) -> Iterator[Store]:
    shutil.copy(empty_file, tmp_path / "ivr.db")
    made = Store(f"sqlite:///{tmp_path / 'ivr.db'}")
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The sample desk's files, to be changed."""
    return Path(shutil.copytree(SAMPLE, tmp_path / "desk"))


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def faults(store: Store, source: Path) -> list[str]:
    """What is said of files that aren't loaded, without the path."""
    with pytest.raises(DataError) as raised:
        store.import_csv(source)
    first, *lines = str(raised.value).splitlines()
    assert first == "nothing was loaded:"
    return [line.removeprefix(f"{source}/").removeprefix(f"{source}, ") for line in lines]


def one_file(tmp_path: Path, name: str, text: str | bytes) -> Path:
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


# ---- what is good


def test_the_sample_desk_is_loaded(store: Store) -> None:
    assert store.import_csv(SAMPLE) == {
        "accounts": 4, "people": 10, "queues": 1, "shifts": 6, "contacts": 4, "cases": 10,
    }  # fmt: skip

    people = {each.id: each for each in store.people.all()}
    assert people["MGR1"].name == "Paul Morel"
    assert people["MGR1"].languages == ("fr", "en")
    assert people["MGR1"].on_call
    assert people["OP1"].roles == {"operator"}


def test_every_column_is_read(store: Store, tmp_path: Path) -> None:
    store.import_csv(
        one_file(
            tmp_path,
            "people.csv",
            "id,name,phone,roles,languages,manager,delegate,team,region,active,status,on_call,"
            "hours,zone,capacity,email\n"
            "A,Anna,sip:anna@acme.example,engineer manager,de en,B,B,CAD,EMEA,No,busy_soon,YES,"
            "09:00-17:30,Europe/Berlin,5,anna@acme.example\n"
            'B,"Bo, the second",client:bo,operator,,,,,,,,,,,,\n',
        )
    )
    anna, bo = store.people.all()

    assert (anna.roles, anna.languages) == ({"engineer", "manager"}, ("de", "en"))
    assert (anna.manager, anna.delegate, anna.team, anna.region) == ("B", "B", "CAD", "EMEA")
    assert (anna.active, anna.status, anna.on_call) == (False, "busy_soon", True)
    assert anna.hours == (time(9), time(17, 30))
    assert (anna.zone, anna.capacity) == ("Europe/Berlin", 5)
    assert anna.email == "anna@acme.example"
    assert (bo.name, bo.languages, bo.active, bo.capacity) == ("Bo, the second", ("en",), True, 3)


def test_a_shift_has_hours_days_and_dates(store: Store, folder: Path) -> None:
    (folder / "shifts.csv").write_text(
        "id,person,starts,ends,days,first,last\nx,MGR1,06:00,14:00,mon fri,2026-11-01,2026-11-30\n"
    )
    store.import_csv(folder)

    [shift] = store.people.directory(None, NOW).shifts
    assert (shift.starts, shift.ends, shift.days) == (time(6), time(14), {0, 4})
    assert (shift.first, shift.last) == (date(2026, 11, 1), date(2026, 11, 30))


def test_a_file_from_a_spreadsheet_begins_with_a_mark_and_ends_its_lines_twice(
    store: Store, tmp_path: Path
) -> None:
    text = "\ufeffid,name,phone,roles\r\nA,Zoé,+33155500011,manager\r\n\r\n"

    assert store.import_csv(one_file(tmp_path, "people.csv", text)) == {"people": 1}
    assert store.people.all()[0].name == "Zoé"


def test_one_file_is_loaded_beside_what_is_there(store: Store, tmp_path: Path) -> None:
    store.import_csv(SAMPLE)

    assert store.import_csv(one_file(tmp_path, "cases.csv", f"{CASES}C99999999,ENG1\n")) == {
        "cases": 1
    }
    assert store.cases.find("99999999") is not None
    assert store.cases.find("17349013") is not None


def test_loading_again_replaces_and_keeps_what_the_line_has_noted(
    store: Store, folder: Path
) -> None:
    store.import_csv(folder)
    store.people.claim("MGR1", "one/1-1")
    store.people.release("MGR2", "", NOW)
    store.people.claim("MGR3", "two/1-1")
    store.people.release("MGR3", "two/1-1", NOW, "taken")
    change(folder / "people.csv", "Paul Morel", "Paul Moreau")

    store.import_csv(folder)

    people = {each.id: each for each in store.people.all()}
    assert len(people) == 10
    assert people["MGR1"].name == "Paul Moreau"
    assert people["MGR1"].busy_with == "one/1-1"
    assert people["MGR3"].last_taken == NOW


def test_two_cases_cant_have_the_same_digits(store: Store, tmp_path: Path) -> None:
    store.import_csv(one_file(tmp_path, "cases.csv", "number\nC100\n"))

    assert faults(store, one_file(tmp_path, "cases.csv", "number\n100\n")) == [
        "line 2, number: '100' has the digits of 'C100', and a caller keys nothing else"
    ]


def test_forty_thousand_cases_fit(store: Store, tmp_path: Path) -> None:
    store.import_csv(SAMPLE)
    rows = "".join(f"C2{n:07d},ENG1\n" for n in range(40_000))
    file = one_file(tmp_path, "cases.csv", CASES + rows)

    assert store.import_csv(file) == store.import_csv(file) == {"cases": 40_000}


# ---- what is wrong


BAD_FIELDS = [
    ("people.csv", "+33155500011", "0155500011", "4, phone", "'0155500011' is no telephone: write"),
    ("people.csv", "+33155500011", "+33 155 5", "4, phone", "'+33 155 5' is no telephone"),
    ("people.csv", "MGR1,Paul Morel", ",Paul Morel", "4, id", "is empty"),
    ("people.csv", "MGR1,Paul Morel", "MGR1,", "4, name", "is empty"),
    ("people.csv", ",operator,", ",boss,", "", "'boss' is none of operator, engineer"),
    ("people.csv", "MGR1,Paul", "MGR2,Paul", "5, id", "'MGR2' stands twice"),
    ("people.csv", "EMEA,yes,Europe/Paris", "EMEA,oui,Europe/Paris", "4, on_call", "neither yes"),
    ("people.csv", "Europe/Paris,paul", "Paris,paul", "4, zone", "there is no time zone 'Paris'"),
    ("people.csv", "DIR1,MGR2,CAD", "DIR9,MGR2,CAD", "4, manager", "there is no 'DIR9' in people"),
    ("people.csv", "DIR1,MGR2,CAD", "DIR1,MGR9,CAD", "4, delegate", "there is no 'MGR9' in people"),
    ("people.csv", "MGR1,Paul", "MGR1,more,Paul", "4", "more or fewer fields than the header has"),
    ("people.csv", "Paul Morel", "Paul\0Morel", "4, name", "holds a control character"),
    ("shifts.csv", "06:00,14:00", "6 Uhr,14:00", "2, starts", "'6 Uhr'"),
    ("shifts.csv", "emea,MGR2,duty", "emea,MGR2,dutie", "2, role", "'dutie' is none of duty"),
    ("shifts.csv", "emea,MGR2", "emea,MGR9", "2, person", "there is no 'MGR9' in people"),
    ("queues.csv", ",MGR2,", ",MGR9,", "2, manager", "there is no 'MGR9' in people"),
    ("contacts.csv", "marie,helio", "marie,helium", "2, account", "no 'helium' in accounts"),
    ("accounts.csv", "2025-01-01,2027", "1.1.2025,2027", "2, contract_from", "'1.1.2025'"),
    ("cases.csv", "C17349013", "C", "2, number", "has no digits that a caller could key"),
    ("cases.csv", "C17349013,open,2", "C17349013,open,high", "2, severity", "0 to 99"),
    ("cases.csv", "C17349013,open", "C17349013,new", "2, status", "'new' is none of open, closed"),
    ("cases.csv", "ENG1,CAD-EMEA,helio", "ENG9,CAD-EMEA,helio", "2, owner", "no 'ENG9' in people"),
    ("cases.csv", "CAD-EMEA,helio", "CAM-EMEA,helio", "2, queue", "no 'CAM-EMEA' in queues"),
    ("cases.csv", "CAD-EMEA,helio", "CAD-EMEA,kuru", "2, account", "no 'kuru' in accounts"),
    ("cases.csv", "C17349021", "17349013", "3, number", "has the digits of 'C17349013'"),
]


@pytest.mark.parametrize(("file", "old", "new", "where", "why"), BAD_FIELDS)
def test_a_wrong_field_is_named_by_line_and_column_and_nothing_is_loaded(
    store: Store, folder: Path, file: str, old: str, new: str, where: str, why: str
) -> None:
    change(folder / file, old, new)

    found = faults(store, folder)

    assert any(line.startswith(f"{file}, line {where}") and why in line for line in found), found
    assert store.people.all() == []
    assert store.cases.find("17349013") is None


BAD_PHONES = [
    ("client:", "'client:' is nobody's: write client:name or sip:name@host"),
    ("client:two words", "'client:two words' is nobody's"),
    ("sip:", "'sip:' is nobody's: write client:name or sip:name@host"),
    ("sip:anna", "'sip:anna' is nobody's"),
    ("+331555002011", "never dialled: it is too long or too short for a number of its country"),
    ("+3315550020", "never dialled: it is too long or too short"),
    ("+99912345678", "never dialled: it is no telephone number"),
    ("+0155500011", "'+0155500011' is no telephone: write +33155500011 or client:name"),
    ("+\u0663\u0663155500011", "is no telephone"),  # digits that no keypad has
    ("33155500011", "is no telephone"),
    ("+33112", "is no telephone"),
    ("+33899700000", "never dialled: it is a premium-rate or shared-cost number"),
]


@pytest.mark.parametrize(("phone", "why"), BAD_PHONES)
def test_a_telephone_that_cannot_be_rung_is_refused(
    store: Store, tmp_path: Path, phone: str, why: str
) -> None:
    [fault] = faults(store, one_file(tmp_path, "people.csv", f"{PEOPLE}A,Anna,{phone},manager\n"))

    assert fault.startswith("line 2, phone: ")
    assert why in fault


BAD_ROWS = [
    ("accounts", "id,name,contract_from,contract_to\nh,H,2027-01-01,2026-12-31\n",
     "contract_to: it ends before it has begun (contract_from)"),
    ("shifts", "id,person,first,last\nx,MGR1,2026-11-30,2026-11-01\n",
     "last: it ends before it has begun (first)"),
    ("shifts", "id,person,starts\nx,MGR1,08:00+01:00\n", "starts: '08:00+01:00' is no time of day"),
    ("shifts", "id,person,starts\nx,MGR1,8:00\n", "starts: '8:00' is no time of day: write 09:00"),
    ("people", "id,name,roles,delegate_from,delegate_until\nA,Anna,manager,"
     "2026-11-24T18:00+01:00,2026-11-24T18:00+01:00\n",
     "delegate_until: it ends before it has begun (delegate_from)"),
    ("overrides", "id,person,instead_of,starts,ends\nx,MGR1,MGR1,2026-11-24T18:00Z,"
     "2026-11-25T18:00Z\n", "instead_of: 'MGR1' is the person themselves"),
    ("contacts", "id,account,name,phones\nm,helio,Marie,0155500101\n",
     "phones: '0155500101' is no telephone: write +33155500011"),
    ("contacts", "id,account,name,phones\nm,helio,Marie,+33155500101 +331\n",
     "phones: '+331' is no telephone"),
    ("contacts", "id,account,name,email\nm,helio,Marie,marie\n", "email: 'marie' is no mail"),
    ("contacts", "id,account,name,language\nm,helio,Marie,fr en\n",
     "language: 'fr en' is more than one language: write one, the preferred"),
    ("cases", "number,language\nC17340000,francais\n", "language: 'francais' is no language's"),
    ("cases", "number,url\nC17340000,javascript:alert(1)\n", "url: 'javascript:alert(1)' is no"),
    ("feeds", "id,url\nx,https://\n", "url: 'https://' is no address: write https://"),
    ("feeds", "id,url\nx,calendar.ics\n", "url: 'calendar.ics' is no address"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "why"), BAD_ROWS)
def test_what_could_never_work_is_refused(
    store: Store, folder: Path, name: str, text: str, why: str
) -> None:
    """It would be loaded, and then nobody would be rung, found, told or on duty by it."""
    store.import_csv(folder)
    (folder / f"{name}.csv").write_text(text, encoding="utf-8")

    [fault] = faults(store, folder / f"{name}.csv")
    assert fault.startswith(f"line 2, {why}")


BAD_PEOPLE = [
    ("capacity", "x", "'x' is no whole number"),
    ("capacity", "-1", "'-1' is no whole number"),
    ("hours", "9-17", "'9-17' are no hours: write 09:00-17:30"),
    ("hours", "09:00", "'09:00' are no hours"),
    ("hours", "09:00-25:00", "'09:00-25:00' are no hours"),
    ("languages", "French", "'French' is no language's code: write fr or en-GB"),
    ("languages", "fr;en", "'fr;en' is no language's code"),
    ("email", "anna", "'anna' is no mail address: write name@example.com"),
    ("email", "anna@acme.example bo@acme.example", "is no mail address"),
    ("notify", "anna@acme.example", "'anna@acme.example' is no URL: write them with their kind"),
    ("manager", "A", "'A' is the person themselves"),
    ("delegate", "A", "'A' is the person themselves"),
    ("status_until", "tomorrow", "'tomorrow' is no instant: write 2026-11-24T18:00+01:00"),
    ("zone", "CET+1", "there is no time zone 'CET+1'"),
    ("status", "gone", "'gone' is none of available, busy_soon, away, dnd"),
    ("active", "maybe", "'maybe' is neither yes nor no"),
]


@pytest.mark.parametrize(("column", "value", "why"), BAD_PEOPLE)
def test_a_wrong_field_of_a_person(
    store: Store, tmp_path: Path, column: str, value: str, why: str
) -> None:
    file = one_file(
        tmp_path, "people.csv", f"id,name,phone,roles,{column}\nA,Anna,,manager,{value}\n"
    )

    [fault] = faults(store, file)
    assert fault.startswith(f"line 2, {column}: ")
    assert why in fault


def test_days_that_dont_exist_are_named(store: Store, folder: Path) -> None:
    (folder / "shifts.csv").write_text("id,person,days\nx,MGR1,mon lundi\n")

    [fault] = faults(store, folder)
    assert fault.startswith("shifts.csv, line 2, days: 'lundi' is none of mon, tue")


def test_every_fault_of_every_file_is_named_at_once(store: Store, folder: Path) -> None:
    change(folder / "people.csv", "+33155500011", "none")
    change(folder / "people.csv", "+33155500012", "none")
    change(folder / "cases.csv", "C17349013,open,2", "C17349013,open,100")

    found = faults(store, folder)
    assert [line.split(":")[0] for line in found] == [
        "people.csv, line 4, phone", "people.csv, line 5, phone", "cases.csv, line 2, severity",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("id,name\nA,Anna\n", ["line 1: the column 'roles' is missing"]),
        (
            "id,name,roles,shoe\nA,Anna,manager,42\n",
            ["line 1: there is no column 'shoe'; there are id, name, phone, roles"],
        ),
        (
            "id,name,name,roles\nA,Anna,Bo,manager\n",
            ["line 1: the column 'name' stands twice"],
        ),
        (
            "",
            [f"line 1: the column '{name}' is missing" for name in ("id", "name", "roles")],
        ),
        ('id,name,roles\nA,"Anna"x,manager\n', ["line 2: ',' expected after '\"'"]),
        ('id,name,roles\nA,"Anna,manager\n', ["line 2: unexpected end of data"]),
    ],
)
def test_a_file_of_the_wrong_shape_is_refused(
    store: Store, tmp_path: Path, text: str, found: list[str]
) -> None:
    said = faults(store, one_file(tmp_path, "people.csv", text))

    assert [line[: len(start)] for line, start in zip(said, found, strict=True)] == found


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_file_in_another_encoding_is_refused_in_one_sentence(
    store: Store, tmp_path: Path, encoding: str
) -> None:
    text = f"{PEOPLE}A,Anna,,manager\nB,Zoé,,manager\n"
    file = one_file(tmp_path, "people.csv", text.encode(encoding))
    line = 3 if encoding == "latin-1" else 1

    assert faults(store, file)[0] == f"line {line}: this isn't UTF-8; save it as 'CSV UTF-8'"
    assert store.people.all() == []


def test_a_file_whose_name_says_nothing_is_refused(store: Store, tmp_path: Path) -> None:
    file = one_file(tmp_path, "persons.csv", PEOPLE)

    with pytest.raises(DataError, match=r"the files are called accounts\.csv, people\.csv"):
        store.import_csv(file)


def test_a_folder_with_a_file_that_nobody_knows_is_refused(store: Store, folder: Path) -> None:
    (folder / "persons.csv").write_text(PEOPLE)

    with pytest.raises(DataError, match=r"found persons\.csv"):
        store.import_csv(folder)
    assert store.people.all() == []


def test_an_empty_folder_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(DataError, match="found nothing"):
        store.import_csv(tmp_path / "empty")


def test_a_line_that_serves_goes_on_while_its_desk_is_loaded(store: Store) -> None:
    def take_calls(number: int) -> bool:
        return all(store.calls.save(call(f"CA{number}-{turn}")) for turn in range(60))

    with ThreadPoolExecutor(2) as pool:
        serving = [pool.submit(take_calls, number) for number in range(2)]
        for _ in range(5):
            store.import_csv(SAMPLE)

    assert [each.result() for each in serving] == [True, True]
    assert len(store.people.all()) == 10


# ---- the command


def imported(database: Path, *arguments: str | Path) -> Result:
    environment = {"IVR_DATABASE": f"sqlite:///{database}"}
    return CliRunner(env=environment).invoke(main, ["import", *map(str, arguments)])


def test_the_command_says_what_it_loaded(tmp_path: Path) -> None:
    result = imported(tmp_path / "new.db", SAMPLE)

    assert result.exit_code == 0, result.output
    assert "10 people" in result.output
    assert "10 cases" in result.output


def test_the_command_names_each_fault_and_exits_with_1(tmp_path: Path, folder: Path) -> None:
    change(folder / "people.csv", "+33155500011", "none")

    result = imported(tmp_path / "new.db", folder)

    assert result.exit_code == 1
    assert "nothing was loaded" in result.output
    assert f"{folder}/people.csv, line 4, phone: 'none' is no telephone" in result.output


def test_the_command_without_a_folder_is_used_wrongly(tmp_path: Path) -> None:
    assert imported(tmp_path / "new.db").exit_code == 2
    assert imported(tmp_path / "new.db", tmp_path / "nowhere").exit_code == 2


def test_the_command_says_when_there_is_no_database() -> None:
    environment = {"IVR_DATABASE": "postgresql://nobody@127.0.0.1:1/ivr"}
    result = CliRunner(env=environment).invoke(main, ["import", str(SAMPLE)])

    assert result.exit_code == 3
    assert "IVR_DATABASE" in result.output
    assert "doesn't answer" in result.output


def test_every_table_of_the_desk_can_be_imported() -> None:
    assert set(COLUMNS) == {"accounts", "people", "queues", "shifts", "contacts", "cases"} | {
        "overrides",
        "feeds",
    }
