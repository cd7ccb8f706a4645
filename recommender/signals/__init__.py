"""What acts weigh when algorithms learn: by default, learnt by validation, or set by the operator, who has the last word."""
