# make run and make test are all that most people need; see README.md.

.PHONY: build run test bench soak lint capture docs

build:
	@CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/spurline ./cmd/spurline

run: build
	@bin/spurline up

test:
	@scripts/test.sh

# Measures against the targets of the design and fails when one is missed.
bench:
	@go run ./bench

# The durability test at length: 200 kills on SQLite and 50 on PostgreSQL, with
# at least 1,000 acknowledged writes before each. Takes a quarter of an hour.
soak:
	@SPURLINE_SOAK=1 go test -count=1 -timeout 2h -run TestKills -v ./internal/durability

# Makes the documents that follow from the operation table and the cases.
docs:
	@go test -count=1 ./internal/openapi -run 'TestDocument$$|TestOperations$$' -update

# Puts a real deletion, as a terminal shows it, into the README.
capture: build
	@go run ./scripts/capture -into README.md

lint: bin/golangci-lint
	@bin/golangci-lint run

# Built from its own module, so that its dependencies are not ours. Takes some
# minutes the first time.
bin/golangci-lint: tools/go.mod tools/go.sum
	go build -C tools -trimpath -o ../bin/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint
