package operation

// Refusal is an operation that the vendor's API has and that is not offered.
type Refusal struct{ Method, Path, Why string }
