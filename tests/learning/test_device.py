"""The device is chosen by rule, and one that is not there is an error."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch

from pipeline.learning.device import Device, _cpu_computes_bf16, choose_device
from pipeline.runtime.errors import SettingsError
from pipeline.runtime.process import available_cores

SMALL, LARGE = False, True
no_accelerator = pytest.mark.skipif(
    torch.cuda.is_available() or torch.backends.mps.is_available(),
    reason="torch finds an accelerator here",
)


@pytest.fixture(autouse=True)
def same_number_of_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("kind", "there"),
    [("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())],
)
def test_a_device_that_is_not_there(kind, there):
    if there:
        assert choose_device(kind, "fp32", SMALL) == Device(kind, bf16=False)
        return
    with pytest.raises(SettingsError) as caught:
        choose_device(kind, "auto", SMALL)
    assert str(caught.value) == (
        f"ERROR the device should be {kind}, but torch {torch.__version__} finds none here"
        " | fix: set train.device: auto and unset GROUNDWORK_DEVICE"
    )


def test_the_environment_names_the_device_that_auto_takes(monkeypatch):
    monkeypatch.setenv("GROUNDWORK_DEVICE", "cpu")
    assert choose_device("auto", "fp32", LARGE) == Device("cpu", bf16=False)
    monkeypatch.setenv("GROUNDWORK_DEVICE", "gpu")
    with pytest.raises(SettingsError, match="the device should be gpu"):
        choose_device("auto", "fp32", LARGE)


@no_accelerator
def test_without_accelerator_auto_is_the_cpu():
    assert choose_device("auto", "fp32", LARGE) == Device("cpu", bf16=False)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device here")
def test_with_a_gpu_auto_is_the_gpu_in_bf16():
    device = choose_device("auto", "auto", SMALL)
    assert device == Device("cuda", bf16=torch.cuda.is_bf16_supported(including_emulation=False))
    assert choose_device("cpu", "fp32", SMALL) == Device("cpu", bf16=False)


@pytest.mark.parametrize(("precision", "bf16"), [("fp32", False), ("bf16", True)])
@pytest.mark.parametrize("large", [SMALL, LARGE])
def test_the_precision_asked_for_is_taken(precision, bf16, large):
    assert choose_device("cpu", precision, large) == Device("cpu", bf16)


def test_auto_on_a_cpu_is_bf16_for_large_examples_where_the_cpu_computes_in_it():
    assert choose_device("cpu", "auto", SMALL) == Device("cpu", bf16=False)
    assert choose_device("cpu", "auto", LARGE) == Device("cpu", bf16=_cpu_computes_bf16())


def test_the_number_of_threads_is_that_of_the_cores():
    torch.set_num_threads(available_cores() + 1)
    choose_device("cpu", "auto", SMALL)
    assert torch.get_num_threads() == available_cores()


@pytest.mark.parametrize(("bf16", "dtype"), [(False, torch.float32), (True, torch.bfloat16)])
def test_autocast(bf16, dtype):
    with Device("cpu", bf16).autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype


def test_a_device_in_words():
    assert str(Device("cpu", bf16=False)) == "cpu in fp32"
    assert str(Device("cpu", bf16=True)) == "cpu in bf16"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has mallopt")
def test_freed_memory_is_kept():
    """In a process of its own, since it cannot be undone."""
    program = """
import resource, sys, torch
from pipeline.learning.device import choose_device
if sys.argv[1] == "kept":
    choose_device("cpu", "fp32", False)
faults = []
for _ in range(5):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(16 << 20)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(min(faults))
"""
    # What `choose_device` sets in this process, in whatever test came before, is not for that one.
    environment = {k: v for k, v in os.environ.items() if k != "THP_MEM_ALLOC_ENABLE"}
    found = {
        how: int(
            subprocess.check_output(
                [sys.executable, "-c", program, how], env=environment, text=True
            )
        )
        for how in ("kept", "returned")
    }
    assert found["kept"] < found["returned"] / 4
