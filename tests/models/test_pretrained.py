"""Published weights: read from a file or its home, through the mapping of the proofs, and never from a pickle."""

import hashlib
import http.server
import re
import subprocess
import sys
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from reference import randomise
from safetensors.torch import save_file
from torch import nn

from groundup import models
from groundup.errors import GroundupError, UsageError
from groundup.models.pretrained import fetch_weights, load_pretrained, read_weights
from groundup.models.published import Published
from groundup.training.checkpoints import save_weights


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> tuple[nn.Module, Path]:
    """torchvision's ResNet-18 with random weights, and the safetensors file of it."""
    torch.manual_seed(0)
    reference = torchvision.models.resnet18()
    randomise(reference)
    path = tmp_path_factory.mktemp("published") / "resnet18.safetensors"
    save_file(reference.state_dict(), path)
    return reference.eval(), path


def test_a_published_file_gives_the_published_outputs(published):
    reference, path = published
    model = models.create("resnet18", pretrained=path).eval()
    x = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(model(x), reference(x), rtol=1e-5, atol=1e-5)
    assert all(torch.equal(tensor, reference.state_dict()[key]) for key, tensor in model.state_dict().items())


def test_the_path_may_be_text(published):
    models.create("resnet18", pretrained=str(published[1]))


def test_names_that_differ_are_translated(tmp_path):
    torch.manual_seed(0)
    reference = torchvision.models.GoogLeNet(num_classes=1000, init_weights=False)
    randomise(reference)
    save_file(reference.state_dict(), tmp_path / "googlenet.safetensors")
    model = models.create("googlenet", pretrained=tmp_path / "googlenet.safetensors").eval()
    x = torch.randn(1, 3, 224, 224)
    torch.testing.assert_close(model(x), reference.eval()(x), rtol=1e-4, atol=1e-4)


def test_weights_that_our_own_training_saved_are_read_too(tmp_path):
    """Under our own names, which for AlexNet are others than torchvision's, and with our own settings."""
    torch.manual_seed(0)
    settings: dict[str, Any] = dict(classes=3, image_size=32, channels=(2, 3, 4, 5, 6), map_size=2, hidden=7)
    trained = models.create("alexnet", **settings)
    save_weights(trained, tmp_path / "model.safetensors")
    model = models.create("alexnet", pretrained=tmp_path / "model.safetensors", **settings)
    assert all(torch.equal(tensor, trained.state_dict()[key]) for key, tensor in model.state_dict().items())


def test_a_file_without_the_counters_of_batch_norm_loads(published, tmp_path):
    state = {k: v for k, v in published[0].state_dict().items() if not k.endswith("num_batches_tracked")}
    save_file(state, tmp_path / "old.safetensors")
    models.create("resnet18", pretrained=tmp_path / "old.safetensors")


def refusal(state: dict[str, torch.Tensor], tmp_path: Path, **settings) -> str:
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(UsageError) as caught:
        models.create("resnet18", pretrained=tmp_path / "w.safetensors", **settings)
    return str(caught.value)


def test_missing_and_left_over_tensors_are_named(published, tmp_path):
    state = dict(published[0].state_dict())
    state["layer5.weight"] = state.pop("layer1.0.conv1.weight")
    message = refusal(state, tmp_path)
    assert f"The weights in {tmp_path / 'w.safetensors'} do not fit resnet18:" in message
    assert "layer1.0.conv1.weight: there is no layer1.0.conv1.weight" in message
    assert "nothing here takes layer5.weight (64, 64, 3, 3)" in message
    assert message.endswith("Are they another model's?")


def test_another_models_weights_are_refused_in_a_few_lines(tmp_path):
    message = refusal(dict(torchvision.models.resnet34().state_dict()), tmp_path)
    assert len(message.splitlines()) < 10
    assert re.search(r"\.\.\. and \d\d+ more", message)


def test_another_number_of_classes_says_how_to_go_on(published, tmp_path):
    message = refusal(dict(published[0].state_dict()), tmp_path, classes=10)
    assert "fc.weight: fc.weight has shape (1000, 512), expected (10, 512)" in message
    assert "tell 1000 classes apart, not 10" in message
    assert 'model = create("resnet18", pretrained=...)' in message
    code = re.findall(r"^  (model\..*)$", message, re.M)
    model = models.create("resnet18", pretrained=tmp_path / "w.safetensors")
    exec("\n".join(code), {"model": model, "torch": torch})  # what the message says works
    assert model(torch.rand(2, 3, 224, 224)).shape == (2, 10)
    torch.testing.assert_close(model.state_dict()["conv1.weight"], published[0].state_dict()["conv1.weight"])


def test_other_settings_are_named_as_the_cause(published, tmp_path):
    message = refusal(dict(published[0].state_dict()), tmp_path, image_size=32)
    assert "conv1.weight: conv1.weight has shape (64, 3, 7, 7), expected (64, 3, 3, 3)" in message
    assert "Published weights are those of the default configuration; you asked for image_size=32." in message


class Harm:
    """What a hostile pickle does when it is opened."""

    def __reduce__(self):
        return Path.touch, (Path("harm"),)


@pytest.mark.parametrize("name", ["weights.pth", "weights.bin", "weights.safetensors"])
@pytest.mark.parametrize("modern", [True, False])
def test_a_pickle_is_refused_unopened_whatever_it_is_called(name, modern, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"w": torch.ones(2), "harm": Harm()}, tmp_path / name, _use_new_zipfile_serialization=modern)
    with pytest.raises(UsageError, match=r"is a pickle, .* only safetensors files are read"):
        models.create("resnet20", pretrained=tmp_path / name)
    assert not Path("harm").exists()


def test_the_way_to_convert_a_pickle_that_the_message_tells_works(published, tmp_path):
    torch.save(published[0].state_dict(), tmp_path / "weights.pth")
    state = torch.load(tmp_path / "weights.pth", weights_only=True)
    save_file(state, tmp_path / "weights.safetensors")
    models.create("resnet18", pretrained=tmp_path / "weights.safetensors")


@pytest.mark.parametrize("content", [b"", b"{}", b"<html>no such file</html>"])
def test_what_is_no_safetensors_file_is_refused(content, tmp_path):
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(GroundupError, match="is not a whole safetensors file"):
        read_weights(tmp_path / "w.safetensors")


def test_a_file_that_was_cut_short_is_refused(published, tmp_path):
    content = published[1].read_bytes()
    (tmp_path / "w.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(GroundupError, match="is not a whole safetensors file"):
        read_weights(tmp_path / "w.safetensors")


def test_a_path_that_leads_nowhere_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"There is no weights file .*nowhere\.safetensors"):
        models.create("resnet20", pretrained=tmp_path / "nowhere.safetensors")
    with pytest.raises(UsageError, match="Cannot read the weights file"):
        models.create("resnet20", pretrained=tmp_path)


# Downloads, from a server on this machine.


class Silent(http.server.SimpleHTTPRequestHandler):
    requests = 0

    def do_GET(self) -> None:
        Silent.requests += 1
        super().do_GET()

    def log_message(self, format, *args) -> None:
        return


@pytest.fixture
def home(published, tmp_path, monkeypatch):
    """The address of the published file, with no other way into the network and a data folder of the test's own."""
    monkeypatch.setenv("GROUNDUP_DATA", str(tmp_path / "data"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    handler = partial(Silent, directory=published[1].parent)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/resnet18.safetensors"
    server.shutdown()
    server.server_close()


def card_with(**fields) -> models.Card:
    return replace(models.describe("resnet18"), published=Published(**fields))


@pytest.mark.parametrize("pinned", [True, False])
def test_weights_are_downloaded_once(home, pinned, published, tmp_path):
    sha256 = hashlib.sha256(published[1].read_bytes()).hexdigest() if pinned else None
    card, model, Silent.requests = card_with(url=home, sha256=sha256), models.create("resnet18"), 0
    for _ in range(2):
        load_pretrained(model, card, True, {})
    assert Silent.requests == 1
    assert (tmp_path / "data" / "weights" / "resnet18" / "model.safetensors").is_file()
    assert torch.equal(model.state_dict()["fc.weight"], published[0].state_dict()["fc.weight"])


def test_a_file_with_another_checksum_is_not_kept(home, tmp_path):
    with pytest.raises(GroundupError, match="weights of resnet18 are not the published ones"):
        fetch_weights(card_with(url=home, sha256="0" * 64))
    assert not list((tmp_path / "data").rglob("*.safetensors"))


def test_a_broken_download_says_what_to_do(home):
    for url in (home + ".nowhere", "http://127.0.0.1:9/w.safetensors"):
        with pytest.raises(GroundupError, match=r"Could not get .* download http://127\S+ yourself and give its path"):
            fetch_weights(card_with(url=url))


def test_the_home_may_use_other_names_than_the_proof(home):
    elsewhere = Published(url=home)
    assert fetch_weights(card_with(also=(elsewhere,))).is_file()


def test_a_model_without_a_known_home_says_so():
    for name in ("alexnet", "resnet20"):
        with pytest.raises(
            UsageError, match=rf"No public home of trained weights for {name} in the safetensors format"
        ):
            models.create(name, pretrained=True)


def test_every_home_on_a_card_is_a_safetensors_file_behind_a_secure_address():
    for card in map(models.describe, models.names()):
        published = card.published or Published()
        for names in (published, *published.also):
            assert names.url is None or re.fullmatch(r"https://\S+\.safetensors", names.url), card.name
            assert names.sha256 is None or re.fullmatch("[0-9a-f]{64}", names.sha256), card.name
            assert names.url or not names.sha256


def test_importing_the_models_loads_nothing_that_only_pretrained_weights_need():
    code = "import groundup.models, sys; assert not {'safetensors', 'pooch', 'requests'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
