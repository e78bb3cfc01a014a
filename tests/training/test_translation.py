"""The task of translation: batches, loss and BLEU; a run from the command line, and what one can do with it."""

import json
import math
import sys
from collections import Counter
from dataclasses import replace

import pytest
import torch
from tiny_translations import made_up
from torch.nn import functional as F

from groundup import data, models
from groundup.data import Pairs
from groundup.errors import GroundupError, UsageError
from groundup.models.decoding import BEGIN, END, PAD
from groundup.training import OptimizerConfig, TrainConfig, train
from groundup.training.config import TranslationConfig
from groundup.training.tasks import make_task
from groundup.training.tasks.translation import Translation, corpus_bleu, worst
from groundup.training.translating import load_translator, translate
from groundup.training.translator import Translator

SMALL = {
    "transformer_small": {"width": 32, "heads": 2, "layers": 1, "inner": 64, "dropout": 0.1},
    "seq2seq_attention_small": {"width": 32, "hidden": 32, "alignment": 32, "output": 32, "dropout": 0.1},
}
# The paper's first weights of seq2seq_attention are tiny, so it takes longer to begin.
TRAINING = {"transformer_small": (40, 0.01), "seq2seq_attention_small": (60, 0.02)}  # epochs, learning rate
CONFIG = TrainConfig(
    model="transformer_small",
    data="multi30k",
    model_settings=SMALL["transformer_small"],
    batch_size=8,
    device="cpu",
    translation=TranslationConfig(vocabulary=360, beam=3),
)


@pytest.fixture(scope="module")
def task():
    found = make_task(CONFIG, torch.device("cpu"), made_up())
    assert isinstance(found, Translation)
    return found


@pytest.fixture
def model(task):
    torch.manual_seed(0)
    return models.create("transformer_small", **SMALL["transformer_small"], **task.settings)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


class TestBatches:
    def test_the_decoder_sees_what_was_written_and_is_to_write_what_follows(self, task):
        rows = torch.tensor([3, 0, 30])
        batch = task.batch("training", rows)
        for n, row in enumerate(rows):
            source, target = (
                task.vocabulary.encode([side[row]])[0] for side in (made_up().train.source, made_up().train.target)
            )
            assert batch.source[n].tolist() == pad([*source, END], batch.source.shape[1])
            assert batch.target[n].tolist()[: len(target) + 1] == [BEGIN, *target]
            assert batch.labels[n].tolist() == pad([*target, END], batch.labels.shape[1])
        assert (batch.source != PAD).any(0).all()  # cut to the longest
        assert (batch.labels != PAD).any(0).all()
        assert task.items(batch) == int(batch.counts.sum()) == int((batch.labels != PAD).sum())

    def test_an_epoch_has_each_pair_once_in_an_order_that_the_generator_decides(self, task):
        orders = [task.order(generator(seed), 8).tolist() for seed in (0, 0, 1)]
        assert sorted(orders[0]) == sorted(orders[2]) == list(range(task.sizes["training"]))
        assert orders[0] == orders[1] != orders[2]

    def test_sentences_of_like_length_share_a_batch(self, task, monkeypatch):
        task.order(generator(), 8)
        orders = task.order(generator(), 8), torch.randperm(task.sizes["training"], generator=generator())
        shares = [task.padding(order, 8) for order in orders]
        assert shares[0] < 0.5 * shares[1]
        # The share is that of the tensors themselves.
        used = total = 0
        for rows in orders[0].split(8):
            batch = task.batch("training", rows)
            for table, count in ((batch.source, (batch.source != PAD).sum()), (batch.target, task.items(batch))):
                used, total = used + int(count), total + table.numel()
        assert shares[0] == pytest.approx(1 - used / total)

    def test_the_smaller_batch_stays_the_last_so_that_the_others_stay_whole(self, task):
        target = task.target["training"].lengths
        for seed in range(5):
            batches = task.order(generator(seed), 8).split(8)
            assert [len(rows) for rows in batches] == [8, 8, 8, 8, 8, 1]
            assert all(int(target[rows].max() - target[rows].min()) <= 4 for rows in batches[:-1])


def pad(tokens, length):
    return tokens + [PAD] * (length - len(tokens))


class TestLoss:
    def test_filling_does_not_count(self, task, model):
        model.eval()
        rows = torch.tensor([0, 17, 40, 5])
        whole = task.loss(model, task.batch("training", rows)).item()
        total = count = 0
        for row in rows:  # one pair a batch: no filling at all
            batch = task.batch("training", row[None])
            total += task.loss(model, batch).item() * task.items(batch)
            count += task.items(batch)
        assert whole == pytest.approx(total / count, rel=1e-5)

    def test_it_is_in_nats_per_token(self, task, model):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.zero_()  # all logits are zero: each of V tokens is as likely as the others
        batch = task.batch("training", torch.arange(9))
        assert task.loss(model, batch).item() == pytest.approx(math.log(len(task.vocabulary)))
        assert task.evaluate(model, "validation")["loss"] == pytest.approx(math.log(len(task.vocabulary)))

    def test_label_smoothing_spreads_a_share_over_all_tokens(self, model):
        smooth = make_task(replace(CONFIG, label_smoothing=0.2), torch.device("cpu"), made_up())
        model.eval()
        batch = smooth.batch("training", torch.tensor([0, 17, 40]))
        log_p = model(batch.source, batch.target).log_softmax(-1)
        V, real = log_p.shape[-1], batch.labels != PAD
        wanted = 0.8 * F.one_hot(batch.labels, V) + 0.2 / V
        expected = -(wanted * log_p).sum(-1)[real].mean()
        torch.testing.assert_close(smooth.loss(model, batch), expected)
        plain = make_task(CONFIG, torch.device("cpu"), made_up())
        assert smooth.evaluate(model, "validation")["loss"] == plain.evaluate(model, "validation")["loss"]

    def test_evaluation_is_the_mean_over_all_tokens_and_keeps_the_mode(self, task, model):
        rows = torch.arange(task.sizes["test"])
        expected = task.loss(model.eval(), task.batch("test", rows)).item()
        model.train()
        scores = task.evaluate(model, "test")
        assert model.training
        assert scores["loss"] == pytest.approx(expected, rel=1e-5)
        assert scores["perplexity"] == pytest.approx(math.exp(expected), rel=1e-5)
        assert scores["search"] == "beam search (beam 3, alpha 0.6)"
        assert task.evaluate(model, "validation")["search"] == "greedy search"


def bleu_by_hand(translation, reference):
    """BLEU of one pair with blanks between its words and at least one n-gram in common for n = 1 to 4."""
    t, r = translation.split(), reference.split()
    logs = []
    for n in range(1, 5):
        ours = Counter(tuple(t[i : i + n]) for i in range(len(t) - n + 1))
        theirs = Counter(tuple(r[i : i + n]) for i in range(len(r) - n + 1))
        logs.append(math.log(sum((ours & theirs).values()) / sum(ours.values())))
    return 100 * min(1, math.exp(1 - len(r) / len(t))) * math.exp(sum(logs) / 4)


class TestBleu:
    def test_it_is_the_formula_of_the_paper(self):
        translation, reference = "a man in a red hat is on the street", "a man in a hat is on the long street today"
        bleu, signature = corpus_bleu([translation], [reference])
        assert 10 < bleu < 90
        assert bleu == pytest.approx(bleu_by_hand(translation, reference))
        assert "case:mixed" in signature
        assert "tok:13a" in signature

    def test_the_same_text_has_100_and_case_counts(self):
        text = "The dog runs over the snow ."
        assert corpus_bleu([text], [text])[0] == pytest.approx(100)
        assert corpus_bleu([text.lower()], [text])[0] < 100

    def test_the_worst_come_first(self):
        rows = [("a", "The dog runs.", "The dog runs."), ("b", "Nothing", "The dog runs."), ("c", "The dog", "A dog.")]
        assert [row[0] for row in worst(rows)] == ["b", "c", "a"]


class TestTranslator:
    def test_sentences_keep_their_order_and_empty_ones_stay_empty(self, task, model):
        translator = Translator(model, task.vocabulary, torch.device("cpu"), beam=2)
        sentences = ["Der Hund sieht ein Haus.", "", "Eine Frau", "  ", "Das kleine Kind mag den roten Ball."]
        together = translator(sentences)
        assert together[1] == together[3] == ""
        assert together == [translator([sentence])[0] for sentence in sentences]
        assert translator.tokens(sentences, batch_size=2) == translator.tokens(sentences)
        assert translator([]) == []

    def test_alignment_has_a_row_for_each_piece_written_and_a_column_for_each_read(self, task, model):
        translator = Translator(model, task.vocabulary, torch.device("cpu"), beam=1)
        weights, target, source = translator.alignment("Der Hund mag Schnee.")
        assert weights.shape == (len(target), len(source))
        assert source == [*task.vocabulary.pieces(task.vocabulary.encode(["Der Hund mag Schnee."])[0]), "<end>"]
        assert target[-1] == "<end>"
        torch.testing.assert_close(weights.sum(1), torch.ones(len(target)))


def test_the_vocabulary_is_learnt_from_the_training_part_alone():
    pairs = made_up()
    strange = Pairs(("Quatschquatschquatsch quatsch",) * 50, ("Nonsense nonsense",) * 50)
    own, other = (
        make_task(CONFIG, torch.device("cpu"), p).facts()["vocabulary"]
        for p in (pairs, replace(pairs, validation=strange, test=strange))
    )
    assert own == other


def test_other_data_and_empty_parts_are_refused():
    with pytest.raises(UsageError, match="learns to translate, but the data set 'digits' holds no pairs of sentences"):
        make_task(replace(CONFIG, data="digits"), torch.device("cpu"))
    with pytest.raises(UsageError, match="The test part of multi30k is empty"):
        make_task(CONFIG, torch.device("cpu"), replace(made_up(), test=Pairs((), ())))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run of each model on the made-up language, by name."""
    folder = tmp_path_factory.mktemp("runs")
    return {
        name: train(
            replace(
                CONFIG,
                model=name,
                model_settings=settings,
                epochs=TRAINING[name][0],
                optimizer=OptimizerConfig(lr=TRAINING[name][1]),
            ),
            made_up(),
            folder / name,
            progress=False,
            page=False,
        )
        for name, settings in SMALL.items()
    }


@pytest.mark.parametrize("name", SMALL)
def test_a_run_learns_to_translate_sentences_that_it_has_not_seen(runs, name):
    result = runs[name]
    assert result.test["bleu"] > 80
    assert result.history[0]["validation_bleu"] < 40
    assert result.validation["bleu"] == max(record["validation_bleu"] for record in result.history)
    source, translation, reference, *_ = result.sample.splitlines()
    assert source == f"  {made_up().validation.source[0]}"
    assert reference == f"= {made_up().validation.target[0]}"
    assert translation.startswith("> ")


@pytest.mark.parametrize("name", SMALL)
def test_groundup_translate_needs_the_folder_of_the_run_alone(runs, name, groundup, monkeypatch):
    monkeypatch.setattr(data, "load", lambda name: pytest.fail("loaded the data"))
    code, out, err = groundup("translate", runs[name].folder, "Der Hund mag Schnee.", "Ein Mann sieht den Ball.")
    assert (code, err) == (0, "")
    assert out.splitlines() == ["The dog likes snow.", "A man sees the ball."]


def test_translations_as_json_with_a_picture(runs, groundup, tmp_path):
    picture = tmp_path / "looks.png"
    folder = runs["transformer_small"].folder
    words = ("Eine Frau sieht Schnee.", "--beam", 1, "--picture", picture, "--json")
    code, out, err = groundup("translate", folder, *words)
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["sentences"] == ["Eine Frau sieht Schnee."]
    assert document["translations"] == ["A woman sees snow."]
    assert document["search"] == "greedy search"
    assert document["model"] == "transformer_small"
    assert document["picture"] == str(picture)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_sentences_may_come_a_line_each_from_standard_input(runs, groundup, monkeypatch):
    class Lines(list):
        def isatty(self):
            return False

    folder = runs["transformer_small"].folder
    monkeypatch.setattr(sys, "stdin", Lines(["Der Hund mag Schnee.\n", "\n", "Ein Mann sucht Schnee.\n"]))
    assert groundup("translate", folder)[1].splitlines() == ["The dog likes snow.", "A man looks for snow."]
    monkeypatch.setattr(sys, "stdin", Lines())
    code, out, err = groundup("translate", folder)
    assert (code, out) == (2, "")
    assert "Which sentence?" in err


def test_words_that_were_never_seen_are_spelt_to_the_model(runs):
    found = translate(runs["transformer_small"].folder, ("Ein Astronaut sieht ein 🚀.",))
    assert isinstance(found.translations[0], str)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["Ein Mann.", " "], "Sentence 2 of 2 is empty; there is nothing to translate."),
        (["Ein Mann.", "--beam", "0"], "--beam is 0; expected 1 or more"),
        (["Ein Mann.", "--picture", "looks.doc"], "expected a name that ends in .png, .svg or .pdf"),
    ],
)
def test_a_mistake_is_one_clear_message_and_exit_code_2(runs, groundup, words, message):
    code, out, err = groundup("translate", runs["transformer_small"].folder, *words)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert "Traceback" not in err


def test_what_is_no_run_of_a_translator_is_refused(runs, tmp_path):
    with pytest.raises(GroundupError, match="holds no run"):
        load_translator(tmp_path)
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in ("config.json", "model.safetensors"):
        (broken / name).write_bytes((runs["transformer_small"].folder / name).read_bytes())
    with pytest.raises(GroundupError, match=r"data\.json should hold the model's vocabulary, but does not"):
        load_translator(broken)
    config = json.loads((broken / "config.json").read_text()) | {"model": "lenet", "model_settings": {}}
    (broken / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match=r"lenet, the model in .*, does not translate. Models that do: .*transformer"):
        load_translator(broken)


def test_training_evaluating_and_translating_as_a_user_does(groundup, monkeypatch):
    monkeypatch.setattr(data, "load", lambda name: made_up())
    settings = [f"{key}={value}" for key, value in SMALL["transformer_small"].items()]
    words = ["--epochs", 1, "--translation.vocabulary", 300, "--model-settings", *settings]
    code, out, err = groundup("train", "transformer_small", *words, "--device", "cpu")
    assert code == 0
    assert "BLEU" in out
    assert "BLEU" in err
    folder = "runs/transformer_small-multi30k-seed0"
    code, out, err = groundup("evaluate", folder, "--split", "test")
    assert code == 0, err
    with open(f"{folder}/evaluation.html", encoding="utf-8") as file:
        page = file.read()
    for text in ("Translations", "The worst", "Where it looks", made_up().test.target[0]):
        assert text in page
    assert groundup("translate", folder, "Ein Mann.")[0] == 0


def test_data_that_are_no_sentences_are_refused(groundup):
    code, out, err = groundup("train", "transformer_small", "--data", "digits")
    assert (code, out) == (2, "")
    assert "learns to translate, but the data set 'digits' holds no pairs of sentences" in " ".join(err.split())
