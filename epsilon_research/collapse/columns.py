"""Columns of the arrays that an encoded plan consists of."""

(
    OP, FIRST, COUNT, POWER, KERNEL_SIZE, STRIDE, PADDING, HEIGHT, WIDTH, SLOT, VECTOR, KIND,
    FIRST_INDEX, NUM_INDICES, FIRST_NUMBER, NUM_NUMBERS,
) = range(16)  # fmt: skip
"""Columns of an encoded plan's table."""

FACTOR, PARAMETER = range(2)
"""Columns of an encoded plan's parameters."""

INPUT, SCALE, NORMALISE, RECTIFY, COMBINE, BOX, AVERAGE, MAXIMUM_POOL, MEAN = range(9)
"""The first values of `plan.Op`, as constants that compiled code can see."""
