"""What users write: frozen dataclasses that check themselves and turn into JSON and back."""
