# Two commands are all one needs: make demo, make test. Each does its own set-up.

.DEFAULT_GOAL := help
.PHONY: help setup build demo demo-study test kill check lint arch bench bench-decoder bench-evolution bench-kernels bench-labelling bench-replay bench-scales bench-serving bench-tokenizers bench-transcript goldens experiment fuzz clean
MAKEFLAGS += --no-print-directory

# Building and testing share one build folder; without --disable-testable-imports every module would be compiled once more.
TEST := swift test -c release --disable-testable-imports --disable-xctest

help: ## what can be made (this list)
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Debian packages, the backbone, the Python of the checks; silent when nothing is missing
	@.ci/setup

build: setup ## the program, in release: .build/release/baton
	@.ci/build

demo: build ## the whole job, live and offline: label, train, judge, export, serve and ask
	@.ci/demo

demo-study: build ## on recorded outcomes: every method on Datasets/programs, a run, a router, two questions
	@.ci/demo-study

# End-to-end tests wait for processes, and would hold up the threads on which servers are tested.
test: build ## everything, once, in release
	@$(TEST) --skip EndToEndTests
	@$(TEST) --filter EndToEndTests
	@Tests/Fuzz/run 30

fuzz: ## SECONDS=3600: hostile files of model directories for so long, by coverage; what breaks is kept
	@Tests/Fuzz/run $(or $(SECONDS),60)

kill: build ## N=200: so many kills of labelling and a live search, and of replayed ones, at random instants; minutes
	@BATON_KILLS=$(or $(N),200) $(TEST) --filter RandomKillTests

check: build ## the loop while writing: numerics and routing only
	@$(TEST) --filter 'NumericsTests|RoutingTests'

lint: ## the format of every Swift file; the offline tasks against their generator
	@swift format lint --strict --parallel -r Sources Tests Experiments Package.swift
	@Datasets/offline/generate --check

arch: setup ## the targets and arrows of Package.swift against ARCHITECTURE.md
	@.ci/arch

bench: build ## the backbone side by side with OpenVINO, ONNX Runtime and PyTorch; minutes
	@Experiments/Benchmarks/run

bench-decoder: setup ## the decoder at Qwen3-0.6B's size side by side with OpenVINO, ONNX Runtime, llama.cpp and PyTorch; hours
	@Experiments/Benchmarks/run decoder

bench-evolution: ## a generation of the search side by side with pycma, cmaes, evosax, evotorch and a floor in C; minutes
	@Experiments/Benchmarks/run evolution

bench-kernels: setup ## products with packed weights in four precisions, beside OpenBLAS and the peak; minutes
	@Experiments/Benchmarks/run kernels

bench-labelling: build ## labelling side by side with inspect_ai, over a mock provider; minutes
	@Experiments/Benchmarks/run labelling

bench-replay: setup ## rewards of a whole population over recorded outcomes, beside the matrix product alone; a generation
	@Experiments/Benchmarks/run replay

bench-scales: setup ## candidates with other singular-value scales in one layer, beside as many whole passes; minutes
	@Experiments/Benchmarks/run scales

bench-serving: build ## serving side by side with LiteLLM, over the same mock; 50 streams while the backbone is busy
	@Experiments/Benchmarks/run serving

bench-tokenizers: ## byte-level BPE side by side with PyPI tokenizers, one thread, Qwen2's vocabulary
	@Experiments/Benchmarks/run tokenizers

bench-transcript: setup ## a conversation read at each of five turns, with and without the prefix cache; minutes
	@Experiments/Benchmarks/run transcript

goldens: setup ## writes the fixtures that our own Python oracles give
	@.venv/bin/python Tests/Oracles/hdf5_fixtures.py Tests/StorageTests/Fixtures
	@.venv/bin/python Tests/Oracles/sep_cmaes.py
	@.venv/bin/python Tests/Oracles/sft.py
	@.venv/bin/python Tests/Oracles/trinity_vector.py

experiment: build ## NAME=…: runs Experiments/NAME/run
	@[ -x 'Experiments/$(NAME)/run' ] || { echo "make experiment NAME=…: one of" $$(cd Experiments && ls */run | sed 's#/run##') >&2; exit 2; }
	@'Experiments/$(NAME)/run' && echo "result: Experiments/$(NAME)"

clean: ## removes what was built; Models and runs stay
	@rm -rf .build .build-* .venv .venv-*
