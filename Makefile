# `make demo` and `make test` work from a fresh clone on Debian 12 with Swift 6.3: each begins with scripts/setup.
.DEFAULT_GOAL := help
.PHONY: help demo test build lint bench interop fuzz clean setup

# Tests are built in debug for its checks of bounds and overflow, but with the C kernels optimised, as in release.
TEST_FLAGS := -Xcc -O2

help:  ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## */  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup:  ## install what is missing (Debian packages), or say that all is there
	@scripts/setup

demo: setup  ## build in release, train LeNet-5 on Fashion-MNIST for 10 epochs, evaluate it
	swift build -c release --product apus
	rm -rf runs/demo
	.build/release/apus train lenet5 --data fashion-mnist --epochs 10 --seed 1 --output runs/demo
	.build/release/apus evaluate runs/demo

test: setup  ## build and run all tests
	swift build --build-tests $(TEST_FLAGS)
	scripts/run-tests $(TEST_FLAGS)

build: setup  ## build the command in release: .build/release/apus
	swift build -c release --product apus

lint:  ## format, documentation, budgets, dependencies (changes nothing; scripts/lint --fix formats)
	@scripts/lint

bench: build  ## time training and inference beside PyTorch, in one run (makes .venv-peers)
	scripts/peer-environment
	.venv-peers/bin/python Benchmarks/compare.py
	.venv-peers/bin/python Benchmarks/networks.py
	.venv-peers/bin/python Benchmarks/generation.py
	swift run -c release SequenceLengths
	swift run -c release PlanOverhead
	swift run -c release StepCosts
	swift run -c release Loading .build/loading
	swift run -c release CostCurves

interop: setup  ## let other programs read what Apus writes, and the reverse (makes .venv-interop, .venv-peers)
	scripts/interop-environment
	scripts/peer-environment
	swift build $(TEST_FLAGS) --product apus
	swift build $(TEST_FLAGS) --product ONNXConformance
	.venv-interop/bin/python Tests/Interop/tensorboard_reads.py .build/debug/apus
	.venv-peers/bin/python Tests/Interop/files_read.py .build/debug/apus
	.venv-peers/bin/python Benchmarks/twins/same_start.py --apus .build/debug/apus
	.venv-interop/bin/python Tests/Interop/keras_reads.py .build/debug/apus
	.venv-peers/bin/python Tests/Interop/onnx_conformance.py .build/debug/ONNXConformance .build/debug/apus
	.venv-peers/bin/python Tests/Interop/pretrained_reads.py .build/debug/apus

fuzz: setup  ## give every reader of files a million damaged ones, with the address sanitizer (RUNS=1000000 READERS="npy ...")
	scripts/fuzz $(READERS)

clean:  ## delete the build folder (installed packages and runs stay)
	rm -rf .build
