module countersign.example/guard

go 1.24
