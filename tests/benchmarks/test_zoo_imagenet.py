"""torchvision's ImageNet accuracies: of the right weights, as fractions."""

from extras import needs_zoo

from epsilon_research.benchmarks.zoo_imagenet import ZooImageNet
from epsilon_research.spaces.zoo import Zoo


@needs_zoo
def test_every_network_has_the_accuracy_of_its_first_weights() -> None:
    table = ZooImageNet().load()
    assert list(table.rows["architecture_id"]) == list(Zoo().architecture_ids)
    # resnet50 also has later weights, of 0.80858.
    names = ["alexnet", "resnet50", "efficientnet_v2_l"]
    assert table.lookup(names)["validation_accuracy"].tolist() == [0.56522, 0.7613, 0.85808]
    unknown = table.rows["architecture_id"][table.rows["validation_accuracy"].isna()]
    assert list(unknown) == ["regnet_y_128gf"]  # trained on other images alone
    assert table.rows["test_accuracy"].isna().all()
