"""A trained hot-spot network as a model: same answers, calibrated, used by the runtime."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch

from calciscope.errors import ModelError, OutputError
from calciscope.evaluation.spect.cases import list_spect_cases, read_spect_case
from calciscope.evaluation.spect.scenes import scene_of
from calciscope.evaluation.spect.truth import hot_spot_truth
from calciscope.labels import HOT_SPOT_COMPARTMENTS, Compartment
from calciscope.models.registry import find_hot_spot_model, installed_models
from calciscope.spect.classification import load_classifier
from calciscope.spect.hot_spots import find_hot_spots
from calciscope.spect.patch_inputs import input_length
from calciscope.spect.patch_spec import PatchSpec
from calciscope.spect.probabilities import softmax
from calciscope_train.spect.calibrate import choose_abstention, fit_temperature, spect_calibrate
from calciscope_train.spect.export import (
    check_hot_spot_parity,
    read_hot_spot_checkpoint,
    spect_export,
)
from calciscope_train.spect.fit import spect_fit
from calciscope_train.spect.network import HotSpotNetwork, MeanNetwork

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore::jsonargparse._deprecated.JsonargparseDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.onnx"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:onnxscript"),
]


def test_the_way_from_training_to_the_runtime(
    fit_arguments: list[str],
    toy_cases: Path,
    toy_patches: dict[str, Path],
    tmp_path: Path,
) -> None:
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    longer = ["--model.budget.steps", "60", "--data.samples_per_epoch", "180"]
    last = spect_fit([*fit_arguments, *longer, "--average.decay", "0.9"])
    assert last is not None
    root = tmp_path / "onnx"
    spect_export(last, "0.1.0", root, train=toy_patches["train"], balance=0.75)
    with pytest.raises(OutputError, match="exists already"):
        spect_export(last, "0.1.0", root)
    folder = root / "spect-hot-spot" / "0.1.0"
    manifest = find_hot_spot_model(root=root)
    # Three classes, equally frequent in the toy.
    assert sorted(manifest.trained_priors)[-3:] == pytest.approx([1 / 3] * 3, abs=1e-4)
    differences = check_hot_spot_parity(read_hot_spot_checkpoint(last).network, manifest)
    assert set(differences) == {"onnxruntime", "openvino"}
    assert [model.name for model in installed_models(root)] == ["spect-hot-spot"]
    spect_calibrate(folder, toy_patches["val"], accuracy=0.9)
    manifest = find_hot_spot_model(root=root)
    assert manifest.calibration is not None
    assert manifest.calibration["hot_spots"] == 6
    assert manifest.calibration["after"]["nll"] <= manifest.calibration["before"]["nll"] + 1e-6

    case = read_spect_case(list_spect_cases(toy_cases)[-1])
    scene = scene_of(case)
    ids = find_hot_spots(scene).ids
    truths = hot_spot_truth(ids, case.activity, case.compartments)
    wanted = [truth.id for truth in truths]
    for engine in ("onnxruntime", "openvino"):
        said = load_classifier(root=root, engine=engine, threads=1).classify(scene, ids, wanted)
        assert said.shape == (3, 11)
        np.testing.assert_allclose(said.sum(axis=1), 1.0, atol=1e-6)
        named = [HOT_SPOT_COMPARTMENTS[k] for k in said.argmax(axis=1)]
        assert named == [truth.compartment for truth in truths]
    assert load_classifier(root=root).classify(scene, ids, []).shape == (0, 11)

    # Twice the same run: its own logits, by another file.
    spect_export([last, last], "0.2.0", root)
    twice = find_hot_spot_model(root=root)
    assert (twice.version, twice.training_data["runs"]) == ("0.2.0", 2)
    check_hot_spot_parity(read_hot_spot_checkpoint(last).network, twice)


def test_the_mean_of_two_networks_is_that_of_their_logits() -> None:
    spec = PatchSpec(fine_size=16, coarse_size=16)
    networks = [HotSpotNetwork(spec).eval() for _ in range(2)]
    rows = torch.rand(3, input_length(spec))
    with torch.no_grad():
        first, second = (network(rows) for network in networks)
        mean = MeanNetwork(networks)(rows)
    assert not torch.allclose(first, second)
    torch.testing.assert_close(mean, (first + second) / 2)
    other = HotSpotNetwork(PatchSpec(fine_size=24, coarse_size=16))
    with pytest.raises(ModelError, match="patches of different sizes"):
        MeanNetwork([networks[0], other])


def test_a_foreign_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    torch.save({"state_dict": {}}, path)
    with pytest.raises(ModelError, match="spect-fit"):
        read_hot_spot_checkpoint(path)


def test_temperature_finds_how_much_too_sure_logits_are() -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(0.0, 2.0, (4000, 11))
    powers = softmax(honest)
    truth = np.array([rng.choice(11, p=row) for row in powers])
    assert fit_temperature(3.0 * honest, truth) == pytest.approx(3.0, rel=0.1)
    before = softmax(3.0 * honest)[np.arange(4000), truth]
    after = softmax(3.0 * honest, 3.0)[np.arange(4000), truth]
    assert -np.log(after).mean() < -np.log(before).mean()


def test_abstention_names_as_many_as_it_may() -> None:
    surest = np.array([0.4, 0.5, 0.6, 0.7, 0.8])
    probabilities = np.zeros((5, len(HOT_SPOT_COMPARTMENTS)))
    muscle, skin, vessel = (
        HOT_SPOT_COMPARTMENTS.index(each)
        for each in (Compartment.MUSCLE, Compartment.SUBCUTANEOUS, Compartment.VASCULAR)
    )
    probabilities[:, muscle] = surest
    probabilities[:2, skin] = 0.1
    truth = np.array([vessel, vessel, muscle, muscle, muscle])
    chosen = choose_abstention(probabilities, truth, 1.0)
    # Right are those of 0.6, 0.7 and 0.8: three of five are named from 0.51 on.
    assert chosen.minimum_probability == pytest.approx(0.51)
    assert (chosen.coverage, chosen.accuracy) == (0.6, 1.0)
    # Three of four, with the one of 0.5, are enough for 0.7: named above 0.4.
    assert choose_abstention(probabilities, truth, 0.7).minimum_probability == pytest.approx(0.41)
    # The program leaves out what has a second compartment nearly as likely; so does the count.
    probabilities[4, skin] = 0.7
    assert choose_abstention(probabilities, truth, 1.0).coverage == 0.4
