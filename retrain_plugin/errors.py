"""The errors users meet. Each message says what is wrong, where, and what to do."""


class RetrainError(Exception):
    """Anything this package refuses or cannot do."""


class DeclarationError(RetrainError, ValueError):
    """A model, source or strategy was declared wrongly; raised where it is written."""


class DataError(RetrainError):
    """The rows of a window cannot be read, or are not fit to train or judge on."""


class UnsoundDataError(DataError):
    """The rows could be read and the data check says that nothing may be trained on them."""


class TrainingError(RetrainError):
    """An estimator could not be built, fitted or asked for predictions."""


class RegistryError(RetrainError):
    """MLflow could not be reached, or does not hold what is needed."""


class ModelFileError(RegistryError):
    """A version's file is gone, was changed, or is not to be trusted; it is never opened."""


class SelfTestError(RetrainError):
    """A trigger did not fire where it had to, or fired where it must not."""
