"""What the software is about, as frozen records, with the units, arrays, errors and random streams that they are made of."""
