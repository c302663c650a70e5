"""SONATA circuits that are made to harm: paths that lead outside, configurations that are none, numbers beyond all bounds."""

import json

import pytest

from bioworkbench.exchange.sonata_reader import read_sonata_circuit
from bioworkbench.records.errors import ResultError
from tests.exchange.hostile_files import answered, circuit, read_circuit


@pytest.mark.parametrize(
    "place", ["networks.nodes.0.nodes_file", "inputs.spikes.input_file", "inputs.table.file", "components", "node_types"]
)
@pytest.mark.parametrize(
    "escape", ["../../secret.h5", "/etc/passwd", "link.h5", "${configdir}/../secret.h5", "$NET/../../secret.h5", "up/secret.h5"]
)
def test_paths_that_lead_outside(tmp_path, place, escape):
    """By name, by variable, by a link to a file or to a folder: nothing outside the folder of the circuit is read."""
    path = circuit("any.json")(tmp_path)
    (tmp_path / "secret.h5").write_text("secret words\n")
    (path.parent / "link.h5").symlink_to(tmp_path / "secret.h5")
    (path.parent / "up").symlink_to(tmp_path)
    content = json.loads(path.read_text())
    if place == "components":
        (path.parent / "net" / "types.csv").write_text(
            (path.parent / "net" / "types.csv")
            .read_text()
            .replace("one.json", escape.replace("$NET/", "").replace("${configdir}/", ""))
        )
    elif place == "node_types":
        content["networks"]["nodes"][0]["node_types_file"] = escape
    else:
        *outer, last = place.split(".")
        inner = content
        for key in outer:
            inner = inner[int(key) if key.isdigit() else key]
        inner[last] = escape
    path.write_text(json.dumps(content))
    said = answered(read_circuit, path, ("any.json",))
    assert said
    assert "secret words" not in said


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "{}",
        "[]",
        "null",
        '{"networks": []}',
        '{"networks": {"nodes": {}, "edges": 3}}',
        '{"networks": {"nodes": [3]}}',
        '{"network": "any.json"}',
        '{"manifest": {"$A": "$B", "$B": "$A"}, "networks": {"nodes": [{"nodes_file": "$A"}]}}',
        '{"networks": {"nodes": [{"nodes_file": "*"}]}}',
        '{"networks": {"nodes": [{"nodes_file": ""}]}}',
        '{"networks": {"nodes": [{"nodes_file": "\\u0000"}]}}',
        '{"networks": {"nodes": [{"nodes_file": ' + "9" * 5000 + "}]}}",
    ],
)
def test_configurations_that_are_made_to_harm(tmp_path, content):
    path = circuit("any.json")(tmp_path)
    path.write_text(content)
    assert answered(read_circuit, path, ("any.json", "c "))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("run", "tstop"), 1e300),
        (("run", "tstop"), "Infinity"),
        (("run", "tstop"), -5.0),
        (("run", "dt"), 0.0),
        (("run", "tstop"), None),
        (("inputs", "clamp", "amp"), "NaN"),
        (("inputs", "clamp", "delay"), 1e300),
        (("inputs", "clamp", "duration"), [1, [2]]),
        (("inputs", "clamp", "node_set"), {"a": {"b": 1}}),
        (("inputs", "clamp"), 3),
        (("inputs",), []),
        (("inputs", "spikes", "node_set"), [["a"]]),
        (("inputs", "sweep", "downsample"), 1e-300),
        (("components",), "net"),
    ],
)
def test_simulations_that_are_made_to_harm(tmp_path, place, value):
    """Numbers that are none, or beyond all bounds: an error, or what is not carried in the list."""
    path = circuit("any.json")(tmp_path)
    content = json.loads(path.read_text())
    *outer, last = place
    inner = content
    for key in outer:
        inner = inner[key]
    inner[last] = value
    path.write_text(json.dumps(content).replace('"Infinity"', "Infinity").replace('"NaN"', "NaN"))
    answered(read_circuit, path, ("any.json",))


def test_circuits_in_folders_with_the_same_name_twice(tmp_path):
    """A file that is not where the configuration says is not looked for by a pattern."""
    path = circuit("any.json")(tmp_path)
    text = path.read_text().replace("${NET}/a_nodes.h5", "${NET}/*_nodes.h5")
    path.write_text(text)
    with pytest.raises(ResultError, match=r"any\.json names"):
        read_sonata_circuit(path)
