"""What a leg is engaged in: a dialled number, a queue, a conference, a stream."""
