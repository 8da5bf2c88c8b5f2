"""`calciscope-train`: prepare data, train, export and evaluate the CT network."""

import logging
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from calciscope.errors import CalciscopeError, MissingExtraError
from calciscope_train.requeue import REQUEUE_STATUS, RunInterrupted

COMMANDS = {
    "synthesise": ("calciscope_train.synthesis", "synthesise", "make phantom cases"),
    "spect-synthesise": (
        "calciscope_train.spect.synthesis",
        "spect_synthesise",
        "make SPECT/CT phantom cases",
    ),
    "spect-coverage": (
        "calciscope_train.spect.synthesis",
        "spect_coverage",
        "count what a set of SPECT cases holds",
    ),
    "gallery": ("calciscope_train.gallery", "gallery", "draw sheets of training cases"),
    "prepare": ("calciscope_train.hosts", "prepare", "make cases of real limbs with lesions"),
    "import": ("calciscope_train.importers.command", "import_set", "make cases of a public set"),
    "coverage": ("calciscope_train.coverage", "report", "count what a set of cases holds"),
    "fit": ("calciscope_train.fit", "fit", "train, or go on training, from a YAML file"),
    "average": ("calciscope_train.average", "average", "average the weights of several runs"),
    "export": ("calciscope_train.export", "export", "write a checkpoint as an ONNX model"),
    "quantize": ("calciscope_train.quantize", "quantize", "add a checked int8 file to a model"),
    "calibrate": ("calciscope_train.calibrate", "calibrate", "fit probabilities, choose modes"),
    "evaluate": ("calciscope_train.evaluate", "evaluate", "measure a model on held-out cases"),
    "check": ("calciscope_train.check", "check", "run a model over the independent check set"),
    "spect-patches": ("calciscope_train.spect.patch_making", "spect_patches", "cut out hot spots"),
    "spect-fit": ("calciscope_train.spect.fit", "spect_fit", "train the hot-spot network"),
    "spect-export": ("calciscope_train.spect.export", "spect_export", "write it as ONNX model"),
    "spect-calibrate": ("calciscope_train.spect.calibrate", "spect_calibrate", "fit its certainty"),
    "spect-evaluate": ("calciscope_train.spect.evaluate", "spect_evaluate", "measure that network"),
    "mine": ("calciscope_train.mining", "mine", "note where a model is wrong on training cases"),
}
"""Name, module, function and help of each command; a module is imported when its command runs."""

EXTRA = (
    "torch",
    "monai",
    "pytorch_lightning",
    "jsonargparse",
    "onnx",
    "onnxscript",
    "threadpoolctl",
)
"""What only the extra `train` installs."""

USAGE = "usage: calciscope-train {" + ",".join(COMMANDS) + "} [--help] ..."


def help_text() -> str:
    """What --help says."""
    lines = [f"  {name:<18}{text}" for name, (_, _, text) in COMMANDS.items()]
    return "\n".join([USAGE, "", *lines, "", "Research use, not a diagnosis."])


def run(args: Sequence[str]) -> int:
    """Run one command; gives the exit status: 0 done, 1 failed, 2 usage, 75 go on later."""
    if not args or args[0] in ("-h", "--help"):
        sys.stdout.write(help_text() + "\n")
        return 0 if args else 2
    if args[0] not in COMMANDS:
        sys.stderr.write(f"calciscope-train: no command {args[0]}\n{USAGE}\n")
        return 2
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("calciscope_train").setLevel(logging.INFO)
    try:
        _call(args[0], list(args[1:]))
    except RunInterrupted as stop:
        sys.stderr.write(f"calciscope-train: {stop}\n")
        return REQUEUE_STATUS
    except CalciscopeError as error:
        sys.stderr.write(f"calciscope-train: {error}\n")
        return 1
    return 0


def _call(name: str, args: list[str]) -> None:
    """Import a command's module and call its function."""
    module, function, _ = COMMANDS[name]
    try:
        command: Callable[..., object] = getattr(import_module(module), function)
        auto_cli = import_module("jsonargparse").auto_cli
    except ModuleNotFoundError as error:
        if error.name not in EXTRA:
            raise
        raise MissingExtraError(error.name, "train") from error
    if name in ("fit", "spect-fit"):
        command(args)
    else:
        # Options and their help come from the function's signature and docstring.
        auto_cli(command, args=args, prog=f"calciscope-train {name}")


def main() -> None:
    """Entry point."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
